// What the programs that drive JavaScript producers share. It does what ../program does for Go.
import { readFileSync } from "node:fs";
import process from "node:process";

// The driver passes what to send, and where to, in the environment.
export const endpoint = variable("PUTRECORDS_ENDPOINT"); // the URL of the Kinesis server
export const stream = variable("PUTRECORDS_STREAM"); // the stream's name
export const records = Number(variable("PUTRECORDS_RECORDS")); // how many records to send
if (!Number.isInteger(records) || records < 1) {
  throw new Error(`PUTRECORDS_RECORDS is ${records} and must be a positive number`);
}

function variable(name) {
  if (!process.env[name]) {
    throw new Error(`${name} must be set, as producers/run.sh does`);
  }
  return process.env[name];
}

// key returns record i's partition key. Every record has its own. i counts from 0.
export const key = (i) => `key-${digits(i)}`;

// data returns record i's data: 100 characters that start with its token. The driver counts tokens
// in what is stored.
export const data = (i) => `record-${digits(i)}.`.padEnd(100, "x");

const digits = (i) => String(i).padStart(6, "0");

// numbers returns the numbers of all records.
export const numbers = () => [...Array(records).keys()];

// batches returns the numbers of all records in arrays of up to 500, PutRecords' limit.
export function batches() {
  const all = numbers();
  return Array.from({ length: Math.ceil(records / 500) }, () => all.splice(0, 500));
}

// write writes objects to a stream without waiting for it, ends it, and waits until the process has
// nothing left to do. It returns the objects that the stream took without an error.
export async function write(writable, objects) {
  const taken = [];
  for (const object of objects) {
    writable.write(object, (error) => {
      if (!error) {
        taken.push(object);
      }
    });
  }
  writable.end();
  await new Promise((resolve) => process.once("beforeExit", resolve));
  return taken;
}

// print prints the result for the driver. Believed is how many records the producer's API claimed
// to have stored. The version is that of the installed package called name.
export function print(name, believed) {
  const manifest = new URL(`node_modules/${name}/package.json`, import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest));
  console.log(JSON.stringify({ Version: version, Sent: records, Believed: believed }));
}
