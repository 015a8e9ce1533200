"""Send 500 records a call with boto3, and check only whether the call raises an exception.

Believed counts the records of the calls that did not. boto3 does what it documents: a call may
succeed although records failed, and its result says which.
"""

import json
import os
import sys

import boto3
import botocore.exceptions

endpoint = os.environ["PUTRECORDS_ENDPOINT"]
stream = os.environ["PUTRECORDS_STREAM"]
records = int(os.environ["PUTRECORDS_RECORDS"])


def record(i):
    """Return record i. The driver counts tokens in what is stored, so its data has its token once."""
    token = f"record-{i:06d}."
    return {"Data": token.ljust(100, "x").encode(), "PartitionKey": f"key-{i:06d}"}


client = boto3.client("kinesis", endpoint_url=endpoint)
believed = 0
for first in range(0, records, 500):
    batch = [record(i) for i in range(first, min(first + 500, records))]
    try:
        client.put_records(StreamName=stream, Records=batch)
        believed += len(batch)
    except botocore.exceptions.ClientError as error:
        print(error, file=sys.stderr)

print(json.dumps({"Version": boto3.__version__, "Sent": records, "Believed": believed}))
