package main

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

type franz struct{}

func (franz) client(opts ...kgo.Opt) *kgo.Client {
	c, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(bootstrap), kgo.AllowAutoTopicCreation()}, opts...)...)
	must(err, "franz client")
	return c
}

func franzCodec(name string) kgo.CompressionCodec {
	return map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}[name]
}

func (f franz) produce(topic string, values func(codec string) []string) {
	for _, codec := range codecs {
		c := f.client(kgo.ProducerBatchCompression(franzCodec(codec)))
		for _, v := range values(codec) {
			c.Produce(context.Background(), &kgo.Record{Topic: topic, Value: []byte(v), Key: []byte("k")},
				func(_ *kgo.Record, err error) { must(err, "produce") })
		}
		must(c.Flush(context.Background()), "flush")
		c.Close()
	}
}

func (f franz) own(cross string) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Second)
	defer cancel()
	topic, group := "franz-"+runID, "franz-group-"+runID
	c := f.client()
	defer c.Close()
	admin := kadm.NewClient(c)
	one := "1000000"
	_, err := admin.CreateTopic(ctx, 4, 1, map[string]*string{"segment.bytes": kadm.StringPtr("2000000")}, topic)
	must(err, "create")
	_, err = admin.CreateTopic(ctx, 4, 1, nil, topic)
	check(err == kerr.TopicAlreadyExists, "create twice: %v", err)
	_, err = admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: &one}}, topic)
	must(err, "alter configs")
	configs, err := admin.DescribeTopicConfigs(ctx, topic)
	must(err, "describe configs")
	found := false
	for _, config := range configs[0].Configs {
		found = found || (config.Key == "max.message.bytes" && config.MaybeValue() == one)
	}
	check(found, "max.message.bytes is not %s", one)
	meta, err := admin.BrokerMetadata(ctx)
	must(err, "metadata")
	check(len(meta.Brokers) == 1 && len(meta.Cluster) == 22, "cluster %q", meta.Cluster)
	f.produce(topic, func(codec string) []string {
		var out []string
		for i := 0; i < 200; i++ {
			out = append(out, fmt.Sprintf("%s-%d", codec, i))
		}
		return out
	})
	for _, protocol := range []string{"classic", "consumer"} {
		f.group(ctx, admin, topic, group+protocol, protocol == "consumer")
	}
	offsets, err := admin.ListEndOffsets(ctx, topic)
	must(err, "end offsets")
	sum := int64(0)
	offsets.Each(func(o kadm.ListedOffset) { sum += o.Offset })
	check(sum == 1000, "end offsets sum up to %d", sum)
	deleted, err := admin.DeleteRecords(ctx, kadm.Offsets{topic: {0: kadm.Offset{Topic: topic, Partition: 0, At: 3}}})
	must(err, "delete records")
	low, _ := deleted.Lookup(topic, 0)
	check(low.LowWatermark == 3, "low watermark %d", low.LowWatermark)
	_, err = admin.DescribeAllLogDirs(ctx, nil)
	must(err, "log dirs")
	_, err = admin.DeleteTopics(ctx, topic)
	must(err, "delete topic")
	f.produce(cross, func(codec string) []string {
		var out []string
		for i := 0; i < 100; i++ {
			out = append(out, crossValue("franz", codec, i))
		}
		return out
	})
}

// Two members share a group, one leaves, the other goes on from the committed offsets.
func (f franz) group(ctx context.Context, admin *kadm.Client, topic, group string, next bool) {
	if next {
		// The library offers KIP-848 groups behind a context key.
		ctx = context.WithValue(ctx, "opt_in_kafka_next_gen_balancer_beta", true)
	}
	opts := []kgo.Opt{kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(), kgo.WithContext(ctx), kgo.FetchMaxWait(200 * time.Millisecond)}
	members := []*kgo.Client{f.client(opts...), f.client(opts...)}
	seen := map[string]bool{}
	deadline := time.Now().Add(60 * time.Second)
	shared := false
	for (len(seen) < 1000 || !shared) && time.Now().Before(deadline) {
		for _, member := range members {
			poll, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
			member.PollFetches(poll).EachRecord(func(r *kgo.Record) { seen[string(r.Value)] = true })
			cancel()
			must(ignoreRebalance(member.CommitUncommittedOffsets(ctx)), "commit")
		}
		// Both have some of the four partitions.
		shared = shared || (len(members[0].UncommittedOffsets()) >= 0 && bothAssigned(ctx, admin, group, next))
	}
	check(len(seen) == 1000, "the group %s read %d of 1000", group, len(seen))
	check(shared, "the members of %s never shared the partitions", group)
	for _, member := range members {
		member.Close()
	}
	committed, err := admin.FetchOffsets(ctx, group)
	must(err, "fetch offsets")
	check(len(committed[topic]) > 0, "nothing committed")
	_, err = admin.DeleteGroup(ctx, group)
	must(err, "delete group")
}

func ignoreRebalance(err error) error {
	if err == kerr.RebalanceInProgress || err == kerr.IllegalGeneration || err == kerr.StaleMemberEpoch || err == kerr.UnknownMemberID {
		return nil
	}
	return err
}

func bothAssigned(ctx context.Context, admin *kadm.Client, group string, next bool) bool {
	if next {
		described, err := admin.DescribeConsumerGroups(ctx, group)
		if err != nil || len(described[group].Members) != 2 {
			return false
		}
		for _, member := range described[group].Members {
			if len(member.Assignment) == 0 {
				return false
			}
		}
		return described[group].State == "Stable"
	}
	described, err := admin.DescribeGroups(ctx, group)
	return err == nil && described[group].State == "Stable" && len(described[group].Members) == 2
}

func (f franz) readAll(topic string) []string {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	c := f.client(kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer c.Close()
	ends, err := kadm.NewClient(c).ListEndOffsets(ctx, topic)
	must(err, "end offsets")
	wanted := int64(0)
	ends.Each(func(o kadm.ListedOffset) { wanted += o.Offset })
	var out []string
	for int64(len(out)) < wanted && ctx.Err() == nil {
		c.PollFetches(ctx).EachRecord(func(r *kgo.Record) { out = append(out, string(r.Value)) })
	}
	return out
}
