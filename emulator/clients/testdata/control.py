"""Tests a producer's client, boto3, against an emulator with -control: control.py http://HOST:PORT"""

import datetime
import json
import sys
import unittest
import urllib.error
import urllib.request

import boto3

ENDPOINT = sys.argv.pop()
THROTTLED = "ProvisionedThroughputExceededException"

kinesis = boto3.client("kinesis", endpoint_url=ENDPOINT)
http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def control(method, path, body=None):
    """Calls the control API and returns its answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        ENDPOINT + "/control/" + path, data, {"Content-Type": "application/json"}, method=method
    )
    with http.open(request, timeout=30) as answer:
        return json.load(answer)


def put(*keys):
    """Puts a record for each key and returns the error codes, None for a record that succeeded."""
    records = [{"Data": b"an order", "PartitionKey": key} for key in keys]
    answer = kinesis.put_records(StreamName="orders", Records=records)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    codes = [record.get("ErrorCode") for record in answer["Records"]]
    assert answer["FailedRecordCount"] == len(codes) - codes.count(None)
    return codes


def stored():
    """Returns how many records the stream has stored."""
    (stream,) = control("GET", "streams")["Streams"]
    return sum(shard["Stored"]["Records"] for shard in stream["Shards"])


class Control(unittest.TestCase):
    def setUp(self):
        control("POST", "reset", {})
        control("PUT", "clock", {"Running": False})
        control("POST", "streams", {"Name": "orders", "Limits": {"RecordsPerSecond": 1}})

    def test_throttled_records_in_an_answer_with_status_200(self):
        self.assertEqual(put("a", "b", "c"), [None, THROTTLED, THROTTLED])
        self.assertEqual(stored(), 1)

    def test_fault_by_partition_key(self):
        control("PUT", "streams/orders/limits", {"RecordsPerSecond": -1})
        fault = control("POST", "faults", {"Stream": "orders", "Count": 2, "Match": {"PartitionKey": "b"}})
        self.assertEqual(put("a", "b", "c"), [None, "InternalFailure", None])
        self.assertEqual(put("b", "b"), ["InternalFailure", None])
        self.assertEqual(stored(), 3)
        self.assertEqual(control("DELETE", f"faults/{fault['ID']}")["Hits"], 2)

    def test_record_that_is_stored_although_it_failed(self):
        control("POST", "faults", {"Stream": "orders", "AfterAppend": True})
        self.assertEqual(put("a"), ["InternalFailure"])
        self.assertEqual(stored(), 1)

    def test_tokens_come_back_when_the_clock_is_set(self):
        self.assertEqual(put("a", "b"), [None, THROTTLED])
        now = datetime.datetime.fromisoformat(control("GET", "clock")["Now"][:19])
        later = (now + datetime.timedelta(hours=1)).isoformat() + "Z"
        self.assertEqual(control("PUT", "clock", {"Now": later}), {"Now": later, "Running": False})
        self.assertEqual(put("a", "b"), [None, THROTTLED])
        control("POST", "clock/advance", {"By": "1s"})
        self.assertEqual(put("a", "b"), [None, THROTTLED])
        self.assertEqual(stored(), 3)

    def test_refusal(self):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            control("POST", "clock/advance", {"By": "-1s"})
        with refused.exception as answer:
            self.assertEqual(answer.code, 400)
            self.assertEqual(json.load(answer), {"error": 'By is "-1s", but the clock cannot go back'})

    def test_caller_identity(self):
        for key, account in (("AKIDEXAMPLE", "000000000000"), ("111122223333", "111122223333")):
            sts = boto3.client("sts", endpoint_url=ENDPOINT, aws_access_key_id=key, aws_secret_access_key="secret")
            answer = sts.get_caller_identity()
            self.assertEqual(answer["Account"], account)
            self.assertEqual(answer["UserId"], account)
            self.assertEqual(answer["Arn"], f"arn:aws:iam::{account}:root")


unittest.main()
