package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
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

// With every codec; franz-go's producers are idempotent unless told otherwise.
func (f franz) produce(topic string, values func(codec string) []string) {
	for _, codec := range codecs {
		c := f.client(kgo.ProducerBatchCompression(franzCodec(codec)))
		f.send(c, topic, values(codec))
		c.Close()
	}
}

func (franz) send(c *kgo.Client, topic string, values []string) {
	for _, v := range values {
		c.Produce(context.Background(), &kgo.Record{Topic: topic, Value: []byte(v)},
			func(_ *kgo.Record, err error) { must(err, "produce") })
	}
	must(c.Flush(context.Background()), "flush")
}

func (f franz) own(cross string) {
	ctx, cancel := context.WithTimeout(context.Background(), 150*time.Second)
	defer cancel()
	c := f.client()
	defer c.Close()
	admin := kadm.NewClient(c)
	f.admin(ctx, admin)
	able("admin")
	f.records(ctx, admin)
	able("produce", "consume", "idempotent")
	f.group(ctx, admin, "classic", kgo.Balancers(kgo.RangeBalancer()))
	f.group(ctx, admin, "cooperative", kgo.Balancers(kgo.CooperativeStickyBalancer()))
	able("rebalance")
	f.group(ctx, admin, "consumer", kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer()))
	able("kip848")
	f.transactions(ctx, admin)
	f.move(ctx, admin)
	able("transactional")
	f.produce(cross, crossValues("franz"))
}

func (f franz) admin(ctx context.Context, admin *kadm.Client) {
	topic, size := "franz-admin-"+runID, "1000000"
	_, err := admin.CreateTopic(ctx, 4, 1, map[string]*string{"segment.bytes": kadm.StringPtr("2000000")}, topic)
	must(err, "create")
	_, err = admin.CreateTopic(ctx, 4, 1, nil, topic)
	check(errors.Is(err, kerr.TopicAlreadyExists), "create twice: %v", err)
	_, err = admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: &size}}, topic)
	must(err, "alter configs")
	configs, err := admin.DescribeTopicConfigs(ctx, topic)
	must(err, "describe configs")
	found := false
	for _, config := range configs[0].Configs {
		found = found || (config.Key == "max.message.bytes" && config.MaybeValue() == size)
	}
	check(found, "max.message.bytes is not %s", size)
	meta, err := admin.BrokerMetadata(ctx)
	must(err, "metadata")
	check(len(meta.Brokers) == 1 && len(meta.Cluster) == 22, "cluster %q", meta.Cluster)
	_, err = admin.DescribeAllLogDirs(ctx, nil)
	must(err, "log dirs")
	_, err = admin.DeleteTopics(ctx, topic)
	must(err, "delete topic")
}

func (f franz) records(ctx context.Context, admin *kadm.Client) {
	topic := "franz-" + runID
	_, err := admin.CreateTopic(ctx, 4, 1, nil, topic)
	must(err, "create")
	f.produce(topic, func(codec string) []string {
		var out []string
		for i := range 200 {
			out = append(out, fmt.Sprintf("%s-%d", codec, i))
		}
		return out
	})
	check(len(f.readAll(topic)) == 1000, "not everything was read")
	offsets, err := admin.ListEndOffsets(ctx, topic)
	must(err, "end offsets")
	largest, end := int32(0), int64(0)
	offsets.Each(func(o kadm.ListedOffset) {
		if o.Offset > end {
			largest, end = o.Partition, o.Offset
		}
	})
	deleted, err := admin.DeleteRecords(ctx, kadm.Offsets{topic: {largest: kadm.Offset{Topic: topic, Partition: largest, At: 3}}})
	must(err, "delete records")
	low, _ := deleted.Lookup(topic, largest)
	check(low.LowWatermark == 3, "low watermark %d", low.LowWatermark)
	check(len(f.readAll(topic)) == 997, "deleted records are read")
}

func (f franz) group(ctx context.Context, admin *kadm.Client, kind string, more ...kgo.Opt) {
	topic, group := "franz-group-"+kind+"-"+runID, "franz-"+kind+"-"+runID
	_, err := admin.CreateTopic(ctx, 4, 1, nil, topic)
	must(err, "create")
	watch := newGroupWatch()
	var members [2]*kgo.Client
	var running [2]sync.WaitGroup
	for i := range members {
		opts := append([]kgo.Opt{kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(200 * time.Millisecond),
			kgo.HeartbeatInterval(500 * time.Millisecond), kgo.SessionTimeout(10 * time.Second),
			kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, p map[string][]int32) { watch.set(i, p[topic], true) }),
			kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, p map[string][]int32) { watch.set(i, p[topic], false) }),
			kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, p map[string][]int32) { watch.set(i, p[topic], false) })}, more...)
		members[i] = f.client(opts...)
		running[i].Add(1)
		go func() {
			defer running[i].Done()
			for {
				fetches := members[i].PollFetches(ctx)
				if fetches.IsClientClosed() || ctx.Err() != nil {
					return
				}
				fetches.EachRecord(func(r *kgo.Record) { watch.saw(string(r.Value)) })
				must(ignoreRebalance(members[i].CommitUncommittedOffsets(ctx)), "commit")
			}
		}()
	}
	shared := func() bool { return f.described(ctx, admin, group, kind) == 2 }
	leave := func(i int) {
		if i == 0 {
			waitFor(20, shared, func() string { return group + " is not described with two members" })
		}
		members[i].Close()
		running[i].Wait()
	}
	producer := f.client(kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	defer producer.Close()
	watch.run(group, 4, 400, 40, leave, func(from, to int) { f.send(producer, topic, numbers(from, to)) })
	committed, err := admin.FetchOffsets(ctx, group)
	must(err, "fetch offsets")
	sum := int64(0)
	committed.Offsets().Each(func(o kadm.Offset) { sum += o.At })
	check(sum == 440, "%s: committed offsets sum up to %d", group, sum)
	_, err = admin.DeleteGroup(ctx, group)
	must(err, "delete group")
}

func ignoreRebalance(err error) error {
	for _, known := range []error{kerr.RebalanceInProgress, kerr.IllegalGeneration, kerr.StaleMemberEpoch, kerr.UnknownMemberID,
		kgo.ErrClientClosed, context.Canceled} {
		if errors.Is(err, known) {
			return nil
		}
	}
	return err
}

// Members with an assignment, as tools see them.
func (franz) described(ctx context.Context, admin *kadm.Client, group, kind string) int {
	if kind == "consumer" {
		described, err := admin.DescribeConsumerGroups(ctx, group)
		must(err, "describe")
		return len(described[group].Members)
	}
	described, err := admin.DescribeGroups(ctx, group)
	must(err, "describe")
	return len(described[group].Members)
}

func (f franz) transactions(ctx context.Context, admin *kadm.Client) {
	topic := "franz-txn-" + runID
	_, err := admin.CreateTopic(ctx, 2, 1, nil, topic)
	must(err, "create")
	c := f.client(kgo.TransactionalID("franz-"+runID), kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	defer c.Close()
	var wanted []string
	for round := range 6 {
		must(c.BeginTransaction(), "begin")
		var values []string
		for i := range 20 {
			values = append(values, fmt.Sprintf("%d-%d", round, i))
		}
		f.send(c, topic, values)
		if commit := round%3 != 1; commit {
			wanted = append(wanted, values...)
			must(c.EndTransaction(ctx, kgo.TryCommit), "commit")
		} else {
			must(c.AbortBufferedRecords(ctx), "abort buffered")
			must(c.EndTransaction(ctx, kgo.TryAbort), "abort")
		}
	}
	checkSame(f.read(topic, kgo.FetchIsolationLevel(kgo.ReadCommitted())), wanted, "read_committed")
	check(len(f.readAll(topic)) == 120, "read_uncommitted")
	// The next one of that id fences the first.
	must(c.BeginTransaction(), "begin")
	f.send(c, topic, []string{"zombie"})
	second := f.client(kgo.TransactionalID("franz-" + runID))
	defer second.Close()
	must(second.BeginTransaction(), "begin second")
	f.send(second, topic, []string{"alive"})
	must(second.EndTransaction(ctx, kgo.TryCommit), "commit second")
	err = c.EndTransaction(ctx, kgo.TryCommit)
	check(err != nil, "the zombie could commit")
	checkSame(f.read(topic, kgo.FetchIsolationLevel(kgo.ReadCommitted())), append(wanted, "alive"), "after the fencing")
}

// Consume, transform, produce, with the offsets in the transaction: two members, one leaves.
func (f franz) move(ctx context.Context, admin *kadm.Client) {
	from, to, group := "franz-in-"+runID, "franz-out-"+runID, "franz-move-"+runID
	_, err := admin.CreateTopics(ctx, 4, 1, nil, from, to)
	must(err, "create")
	producer := f.client(kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	defer producer.Close()
	work, cancel := context.WithCancel(ctx)
	var stops [2]context.CancelFunc
	var running sync.WaitGroup
	for i := range stops {
		var mine context.Context
		mine, stops[i] = context.WithCancel(work)
		session, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(bootstrap), kgo.TransactionalID(fmt.Sprintf("franz-move-%d-%s", i, runID)),
			kgo.ConsumerGroup(group), kgo.ConsumeTopics(from), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.RequireStableFetchOffsets(),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond), kgo.HeartbeatInterval(300*time.Millisecond))
		must(err, "session")
		running.Add(1)
		go func() {
			defer running.Done()
			defer session.Close()
			for mine.Err() == nil {
				fetches := session.PollFetches(mine)
				if fetches.NumRecords() == 0 {
					continue
				}
				must(session.Begin(), "begin")
				fetches.EachRecord(func(r *kgo.Record) {
					session.Produce(ctx, &kgo.Record{Topic: to, Value: r.Value}, func(_ *kgo.Record, err error) {
						check(err == nil || mine.Err() != nil || errors.Is(err, kgo.ErrAborting), "produce: %v", err)
					})
				})
				_, err := session.End(ctx, kgo.TryCommit)
				must(err, "end")
			}
		}()
	}
	seen := func(wanted int) func() bool {
		return func() bool { return len(f.read(to, kgo.FetchIsolationLevel(kgo.ReadCommitted()))) >= wanted }
	}
	f.send(producer, from, numbers(0, 200))
	waitFor(40, seen(200), func() string { return "not everything was moved" })
	stops[0]()
	f.send(producer, from, numbers(200, 300))
	waitFor(40, seen(300), func() string { return "not everything was moved after one left" })
	cancel()
	running.Wait()
	checkSame(f.read(to, kgo.FetchIsolationLevel(kgo.ReadCommitted())), numbers(0, 300), "moved once each")
}

func (f franz) readAll(topic string) []string { return f.read(topic) }

func (f franz) read(topic string, more ...kgo.Opt) []string {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	opts := append([]kgo.Opt{kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.KeepControlRecords(), kgo.FetchMaxWait(50 * time.Millisecond)}, more...)
	c := f.client(opts...)
	defer c.Close()
	ends, err := kadm.NewClient(c).ListEndOffsets(ctx, topic)
	must(err, "end offsets")
	starts, err := kadm.NewClient(c).ListStartOffsets(ctx, topic)
	must(err, "start offsets")
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if start, _ := starts.Lookup(topic, o.Partition); start.Offset < o.Offset {
			left[o.Partition] = o.Offset
		}
	})
	var out []string
	deadline := time.Now().Add(20 * time.Second)
	for len(left) > 0 && time.Now().Before(deadline) {
		poll, stop := context.WithTimeout(ctx, 300*time.Millisecond)
		fetches := c.PollFetches(poll)
		stop()
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			for _, r := range p.Records {
				if !r.Attrs.IsControl() {
					out = append(out, string(r.Value))
				}
				if r.Offset+1 >= left[r.Partition] {
					delete(left, r.Partition)
				}
			}
			// Void records at the end of a read_committed topic are not handed out, their marker is; an open
			// transaction ends the reading.
			if len(p.Records) == 0 && p.LastStableOffset < left[p.Partition] && p.LastStableOffset >= 0 {
				delete(left, p.Partition)
			}
		})
	}
	check(len(left) == 0, "%s: not read to the end: %v", topic, left)
	return out
}
