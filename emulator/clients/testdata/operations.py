"""Calls every operation of an emulator with boto3: operations.py http://HOST:PORT

It prints the operations that this version of boto3 does not have.
"""

import datetime
import sys
import unittest

import boto3
import botocore.config
import botocore.exceptions

ENDPOINT = sys.argv.pop()
ACCOUNT = "000000000000"
SHARDS = [f"shardId-{n:012}" for n in range(8)]
MIDDLE = str(2**127)

kinesis = boto3.client(
    "kinesis", endpoint_url=ENDPOINT, config=botocore.config.Config(retries={"total_max_attempts": 1})
)
NEW = {
    "tag_resource": "TagResource",
    "untag_resource": "UntagResource",
    "list_tags_for_resource": "ListTagsForResource",
    "update_max_record_size": "UpdateMaxRecordSize",
}
missing = [operation for method, operation in NEW.items() if not hasattr(kinesis, method)]
if missing:
    print("skipped: this version of boto3 has no", ", ".join(missing))


def wait(name, waiter="stream_exists"):
    kinesis.get_waiter(waiter).wait(StreamName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})


def arn(name):
    return f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{name}"


class Case(unittest.TestCase):
    """A test that has a stream of its own."""

    SHARD_COUNT = 1

    def setUp(self):
        self.name = self.id().split(".")[-1]
        kinesis.create_stream(StreamName=self.name, ShardCount=self.SHARD_COUNT)
        wait(self.name)

    def tearDown(self):
        kinesis.delete_stream(StreamName=self.name)
        wait(self.name, "stream_not_exists")
        with self.assertRaises(kinesis.exceptions.ResourceNotFoundException):
            kinesis.describe_stream_summary(StreamName=self.name)

    def describe(self):
        wait(self.name)
        return kinesis.describe_stream(StreamName=self.name)["StreamDescription"]

    def summary(self):
        wait(self.name)
        return kinesis.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]

    def put(self, data, key="k", **more):
        return kinesis.put_record(StreamName=self.name, PartitionKey=key, Data=data, **more)

    def iterator(self, kind, shard=SHARDS[0], **more):
        return kinesis.get_shard_iterator(
            StreamName=self.name, ShardId=shard, ShardIteratorType=kind, **more
        )["ShardIterator"]

    def read(self, iterator):
        return [record["Data"] for record in kinesis.get_records(ShardIterator=iterator)["Records"]]

    def refused(self, exception, message, method, **arguments):
        """Checks the class and the message of an operation's error."""
        with self.assertRaises(exception) as refused:
            method(**arguments)
        self.assertEqual(refused.exception.response["Error"]["Message"], message)
        metadata = refused.exception.response["ResponseMetadata"]
        self.assertEqual(metadata["HTTPStatusCode"], 400)
        self.assertIn("x-amz-id-2", metadata["HTTPHeaders"])


class Streams(Case):
    SHARD_COUNT = 3

    def test_description(self):
        description = self.describe()
        created = description.pop("StreamCreationTimestamp")
        self.assertIsInstance(created, datetime.datetime)
        self.assertLess(abs(datetime.datetime.now(datetime.timezone.utc) - created), datetime.timedelta(minutes=1))
        self.assertEqual(created.microsecond, 0)
        shards = description.pop("Shards")
        self.assertEqual([shard["ShardId"] for shard in shards], SHARDS[:3])
        self.assertEqual(shards[0]["HashKeyRange"], {"StartingHashKey": "0", "EndingHashKey": str(2**128 // 3 - 1)})
        self.assertEqual(list(shards[0]["SequenceNumberRange"]), ["StartingSequenceNumber"])
        self.assertEqual(
            description,
            {
                "StreamName": self.name,
                "StreamARN": arn(self.name),
                "StreamStatus": "ACTIVE",
                "StreamModeDetails": {"StreamMode": "PROVISIONED"},
                "HasMoreShards": False,
                "RetentionPeriodHours": 24,
                "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
                "EncryptionType": "NONE",
            },
        )

    def test_summary(self):
        summary = self.summary()
        self.assertEqual(summary["OpenShardCount"], 3)
        self.assertEqual(summary["ConsumerCount"], 0)
        self.assertNotIn("KeyId", summary)
        self.assertNotIn("Shards", summary)

    def test_limits(self):
        limits = kinesis.describe_limits()
        self.assertGreaterEqual(limits["OpenShardCount"], 3)
        self.assertEqual((limits["ShardLimit"], limits["OnDemandStreamCountLimit"]), (20000, 50))

    def test_paginators(self):
        for paging in ({"PageSize": 2}, {"PageSize": 1}, {}):
            for operation, member in (("describe_stream", "StreamDescription.Shards"), ("list_shards", "Shards")):
                pages = kinesis.get_paginator(operation).paginate(StreamName=self.name, PaginationConfig=paging)
                self.assertEqual([shard["ShardId"] for shard in pages.search(member + "[]")], SHARDS[:3])
        first = kinesis.get_paginator("list_shards").paginate(
            StreamName=self.name, PaginationConfig={"PageSize": 2, "MaxItems": 1}
        )
        self.assertEqual([shard["ShardId"] for shard in first.build_full_result()["Shards"]], SHARDS[:1])
        rest = kinesis.get_paginator("list_shards").paginate(
            StreamName=self.name, PaginationConfig={"PageSize": 2, "StartingToken": first.resume_token}
        )
        self.assertEqual([shard["ShardId"] for shard in rest.build_full_result()["Shards"]], SHARDS[1:3])

    def test_list_streams(self):
        names = [f"{self.name}-{n}" for n in range(3)]
        for name in names:
            kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
        pages = kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 2})
        listed = list(pages.search("StreamNames[]"))
        self.assertEqual(listed, sorted(listed))
        self.assertLessEqual({self.name, *names}, set(listed))
        page = kinesis.list_streams(ExclusiveStartStreamName=self.name, Limit=2)
        self.assertEqual((page["StreamNames"], page["HasMoreStreams"]), (names[:2], True))
        for name in names:
            wait(name)
            self.assertEqual(
                kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"], 4
            )
            kinesis.delete_stream(StreamName=name)

    def test_shard_filters(self):
        def filtered(**members):
            shards = kinesis.list_shards(StreamName=self.name, ShardFilter=members)["Shards"]
            return [shard["ShardId"] for shard in shards]

        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertEqual(filtered(Type="AFTER_SHARD_ID", ShardId=SHARDS[1]), SHARDS[2:3])
        for kind in ("AT_LATEST", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON"):
            self.assertEqual(filtered(Type=kind), SHARDS[:3])
        for kind in ("AT_TIMESTAMP", "FROM_TIMESTAMP"):
            self.assertEqual(filtered(Type=kind, Timestamp=now), SHARDS[:3])

    def test_errors(self):
        exceptions, stream = kinesis.exceptions, f"stream {self.name} under account {ACCOUNT}"
        self.refused(
            exceptions.ResourceInUseException, f"Stream {self.name} under account {ACCOUNT} already exists.",
            kinesis.create_stream, StreamName=self.name, ShardCount=1,
        )
        self.refused(
            exceptions.LimitExceededException,
            f"This request would exceed the shard limit for the account {ACCOUNT} in us-east-1. Current shard count for "
            f"the account: {kinesis.describe_limits()['OpenShardCount']}. Limit: 20000. Number of additional shards that "
            "would have resulted from this request: 99999. Refer to the AWS Service Limits page "
            "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request "
            "higher limits.",
            kinesis.create_stream, StreamName="too-large", ShardCount=99999,
        )
        self.refused(
            exceptions.ResourceNotFoundException, f"Could not find shard {SHARDS[7]} in {stream}.",
            kinesis.split_shard, StreamName=self.name, ShardToSplit=SHARDS[7], NewStartingHashKey="1",
        )
        self.refused(
            exceptions.InvalidArgumentException,
            f"Shards {SHARDS[0]} and {SHARDS[2]} in {stream} are not an adjacent pair of shards eligible for merging",
            kinesis.merge_shards, StreamName=self.name, ShardToMerge=SHARDS[0], AdjacentShardToMerge=SHARDS[2],
        )
        self.refused(
            exceptions.InvalidArgumentException, "Invalid ShardIterator.", kinesis.get_records, ShardIterator="forged"
        )
        self.refused(
            botocore.exceptions.ClientError,
            "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value "
            "less than or equal to 10000",
            kinesis.get_records, ShardIterator="forged", Limit=10001,
        )


class Settings(Case):
    def test_retention(self):
        kinesis.increase_stream_retention_period(StreamName=self.name, RetentionPeriodHours=100)
        self.assertEqual(self.describe()["RetentionPeriodHours"], 100)
        kinesis.decrease_stream_retention_period(StreamName=self.name, RetentionPeriodHours=25)
        self.assertEqual(self.summary()["RetentionPeriodHours"], 25)
        self.refused(
            kinesis.exceptions.InvalidArgumentException,
            f"Requested retention period (26 hours) for stream {self.name} can not be longer than existing retention "
            "period (25 hours). Use IncreaseRetentionPeriod API.",
            kinesis.decrease_stream_retention_period, StreamName=self.name, RetentionPeriodHours=26,
        )

    def test_encryption(self):
        key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
        self.assertNotIn("EncryptionType", self.put(b"plain"))
        kinesis.start_stream_encryption(StreamName=self.name, EncryptionType="KMS", KeyId=key)
        description = self.describe()
        self.assertEqual((description["EncryptionType"], description["KeyId"]), ("KMS", key))
        self.assertEqual(self.put(b"secret")["EncryptionType"], "KMS")
        records = kinesis.get_records(ShardIterator=self.iterator("TRIM_HORIZON"))["Records"]
        self.assertEqual((records[1]["Data"], records[1]["EncryptionType"]), (b"secret", "KMS"))
        kinesis.stop_stream_encryption(StreamName=self.name, EncryptionType="KMS", KeyId=key)
        summary = self.summary()
        self.assertEqual(summary["EncryptionType"], "NONE")
        self.assertNotIn("KeyId", summary)

    def test_monitoring(self):
        def change(method, *metrics):
            answer = method(StreamName=self.name, ShardLevelMetrics=metrics)
            self.assertEqual(answer["StreamName"], self.name)
            wait(self.name)
            return answer["CurrentShardLevelMetrics"], answer["DesiredShardLevelMetrics"]

        two = ["IncomingBytes", "OutgoingRecords"]
        self.assertEqual(change(kinesis.enable_enhanced_monitoring, *two), ([], two))
        self.assertEqual(change(kinesis.disable_enhanced_monitoring, "IncomingBytes"), (two, two[1:]))
        self.assertEqual(len(change(kinesis.enable_enhanced_monitoring, "ALL")[1]), 7)
        self.assertEqual(len(self.describe()["EnhancedMonitoring"][0]["ShardLevelMetrics"]), 7)
        self.assertEqual(change(kinesis.disable_enhanced_monitoring, "ALL")[1], [])

    def test_mode(self):
        for mode in ("ON_DEMAND", "PROVISIONED"):
            kinesis.update_stream_mode(StreamARN=arn(self.name), StreamModeDetails={"StreamMode": mode})
            self.assertEqual(self.summary()["StreamModeDetails"], {"StreamMode": mode})
        self.refused(
            kinesis.exceptions.LimitExceededException, f"Rate exceeded for stream {self.name} under account {ACCOUNT}.",
            kinesis.update_stream_mode, StreamARN=arn(self.name), StreamModeDetails={"StreamMode": "ON_DEMAND"},
        )

    @unittest.skipIf("UpdateMaxRecordSize" in missing, "this version of boto3 does not have it")
    def test_record_size(self):
        kinesis.update_max_record_size(StreamARN=arn(self.name), MaxRecordSizeInKiB=2048)
        self.assertEqual(self.summary()["MaxRecordSizeInKiB"], 2048)
        self.put(bytes(2 << 20)[1:])

    def test_tags(self):
        kinesis.add_tags_to_stream(StreamName=self.name, Tags={"team": "a b", "stage": "", "owner": "é"})
        kinesis.remove_tags_from_stream(StreamName=self.name, TagKeys=["stage", "absent"])
        tags = [{"Key": "owner", "Value": "é"}, {"Key": "team", "Value": "a b"}]
        answer = kinesis.list_tags_for_stream(StreamName=self.name)
        self.assertEqual((answer["Tags"], answer["HasMoreTags"]), (tags, False))
        answer = kinesis.list_tags_for_stream(StreamName=self.name, Limit=1)
        self.assertEqual((answer["Tags"], answer["HasMoreTags"]), (tags[:1], True))
        answer = kinesis.list_tags_for_stream(StreamName=self.name, ExclusiveStartTagKey="owner")
        self.assertEqual((answer["Tags"], answer["HasMoreTags"]), (tags[1:], False))

    @unittest.skipIf("TagResource" in missing, "this version of boto3 does not have it")
    def test_resource_tags(self):
        kinesis.tag_resource(ResourceARN=arn(self.name), Tags={"team": "a", "stage": "test"})
        kinesis.untag_resource(ResourceARN=arn(self.name), TagKeys=["team"])
        self.assertEqual(
            kinesis.list_tags_for_resource(ResourceARN=arn(self.name))["Tags"], [{"Key": "stage", "Value": "test"}]
        )


class Shards(Case):
    def family(self):
        """Returns the shards' numbers, each with those of its parents."""
        wait(self.name)
        return [
            [int(shard[member][-3:]) for member in ("ShardId", "ParentShardId", "AdjacentParentShardId") if member in shard]
            for shard in kinesis.list_shards(StreamName=self.name)["Shards"]
        ]

    def test_resharding(self):
        kinesis.split_shard(StreamName=self.name, ShardToSplit=SHARDS[0], NewStartingHashKey=MIDDLE)
        self.assertEqual(self.family(), [[0], [1, 0], [2, 0]])
        kinesis.merge_shards(StreamName=self.name, ShardToMerge=SHARDS[1], AdjacentShardToMerge=SHARDS[2])
        self.assertEqual(self.family(), [[0], [1, 0], [2, 0], [3, 1, 2]])
        answer = kinesis.update_shard_count(StreamName=self.name, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
        self.assertEqual((answer["CurrentShardCount"], answer["TargetShardCount"]), (1, 2))
        self.assertEqual(self.family(), [[0], [1, 0], [2, 0], [3, 1, 2], [4, 3], [5, 3]])

    def test_reading_across_a_split(self):
        want = [str(n).encode() for n in range(200)]
        for data in want[:100]:
            self.put(data, key=data.decode())
        kinesis.split_shard(StreamName=self.name, ShardToSplit=SHARDS[0], NewStartingHashKey=MIDDLE)
        wait(self.name)
        for data in want[100:150]:
            self.put(data, key=data.decode())  # to the parent, until its closing second has passed
        got, iterators, children = [], [self.iterator("TRIM_HORIZON")], []
        while iterators and len(got) < len(want):
            iterator = iterators.pop(0)
            try:
                answer = kinesis.get_records(ShardIterator=iterator)
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                iterators.append(iterator)  # five calls a second
                continue
            got += [record["Data"] for record in answer["Records"]]
            if "NextShardIterator" in answer:
                iterators.append(answer["NextShardIterator"])
                self.assertNotIn("ChildShards", answer)
            else:
                self.assertEqual(answer["Records"], [])
                children += answer["ChildShards"]
                for data in want[150:]:
                    self.put(data, key=data.decode())
                iterators += [self.iterator("TRIM_HORIZON", child["ShardId"]) for child in answer["ChildShards"]]
        self.assertEqual(sorted(got, key=int), want)
        self.assertEqual(
            children,
            [
                {"ShardId": SHARDS[1], "ParentShards": SHARDS[:1],
                 "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": str(2**127 - 1)}},
                {"ShardId": SHARDS[2], "ParentShards": SHARDS[:1],
                 "HashKeyRange": {"StartingHashKey": MIDDLE, "EndingHashKey": str(2**128 - 1)}},
            ],
        )

    def test_iterators(self):
        at_the_tip = self.iterator("LATEST")
        before = datetime.datetime.now(datetime.timezone.utc)
        data = [b"first", b"", bytes(range(256))]
        put = [self.put(one) for one in data]
        self.assertEqual({answer["ShardId"] for answer in put}, {SHARDS[0]})
        numbers = [answer["SequenceNumber"] for answer in put]
        self.assertEqual(self.read(at_the_tip), data)
        self.assertEqual(self.read(self.iterator("AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1])), data[1:])
        self.assertEqual(self.read(self.iterator("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[1])), data[2:])
        self.assertEqual(self.read(self.iterator("AT_TIMESTAMP", Timestamp=before)), data)
        answer = kinesis.get_records(ShardIterator=self.iterator("TRIM_HORIZON"), Limit=2)
        self.assertEqual([record["SequenceNumber"] for record in answer["Records"]], numbers[:2])
        for record in answer["Records"]:
            self.assertLess(abs(record["ApproximateArrivalTimestamp"] - before), datetime.timedelta(minutes=1))
            self.assertEqual(record["PartitionKey"], "k")
            self.assertNotIn("EncryptionType", record)

    def test_put_records(self):
        records = [{"Data": bytes([n]), "PartitionKey": f"ключ-{n}"} for n in range(100)]
        answer = kinesis.put_records(StreamName=self.name, Records=records)
        self.assertEqual(answer["FailedRecordCount"], 0)
        read = kinesis.get_records(ShardIterator=self.iterator("TRIM_HORIZON"))
        self.assertEqual(
            [{"Data": record["Data"], "PartitionKey": record["PartitionKey"]} for record in read["Records"]], records
        )
        self.assertEqual(read["MillisBehindLatest"], 0)


unittest.main()
