package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

type saramaClient struct{}

func (saramaClient) config() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.MaxVersion
	c.Producer.Return.Successes = true
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Idempotent = true
	c.Producer.Partitioner = sarama.NewRoundRobinPartitioner
	c.Net.MaxOpenRequests = 1
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	c.Consumer.MaxWaitTime = 100 * time.Millisecond
	return c
}

func (s saramaClient) send(p sarama.SyncProducer, topic string, values []string) {
	var batch []*sarama.ProducerMessage
	for _, v := range values {
		batch = append(batch, &sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(v)})
	}
	must(p.SendMessages(batch), "send")
}

func (s saramaClient) produce(topic string, values func(codec string) []string) {
	for _, codec := range codecs {
		c := s.config()
		must(c.Producer.Compression.UnmarshalText([]byte(codec)), "codec")
		p, err := sarama.NewSyncProducer([]string{bootstrap}, c)
		must(err, "producer")
		s.send(p, topic, values(codec))
		must(p.Close(), "close")
	}
}

func (s saramaClient) own(cross string) {
	admin, err := sarama.NewClusterAdmin([]string{bootstrap}, s.config())
	must(err, "admin")
	defer admin.Close()
	s.records(admin)
	able("admin", "produce", "consume", "idempotent")
	s.group(admin)
	able("rebalance")
	s.transactions(admin)
	able("transactional")
	s.produce(cross, crossValues("sarama"))
}

func (s saramaClient) records(admin sarama.ClusterAdmin) {
	topic, hour := "sarama-"+runID, "3600000"
	must(admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 3, ReplicationFactor: 1,
		ConfigEntries: map[string]*string{"retention.ms": &hour}}, false), "create")
	must(admin.CreatePartitions(topic, 4, nil, false), "create partitions")
	entries, err := admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: topic, ConfigNames: []string{"retention.ms"}})
	must(err, "describe")
	check(len(entries) == 1 && entries[0].Value == hour, "retention.ms %v", entries)
	s.produce(topic, func(codec string) []string {
		var out []string
		for i := range 100 {
			out = append(out, fmt.Sprintf("%s-%d", codec, i))
		}
		return out
	})
	check(len(s.readAll(topic)) == 500, "not everything was read")
	must(admin.DeleteRecords(topic, map[int32]int64{0: 2}), "delete records")
	check(len(s.readAll(topic)) == 498, "deleted records are read")
	must(admin.DeleteTopic(topic), "delete topic")
}

type saramaMember struct {
	index int
	watch *groupWatch
	on    func(sarama.ConsumerGroupSession, *sarama.ConsumerMessage)
}

func (m *saramaMember) Setup(session sarama.ConsumerGroupSession) error {
	for _, partitions := range session.Claims() {
		m.watch.set(m.index, partitions, true)
	}
	return nil
}

func (m *saramaMember) Cleanup(session sarama.ConsumerGroupSession) error {
	for _, partitions := range session.Claims() {
		m.watch.set(m.index, partitions, false)
	}
	return nil
}

func (m *saramaMember) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, ok := <-claim.Messages():
			if !ok {
				return nil
			}
			m.on(session, message)
		case <-session.Context().Done():
			return nil
		}
	}
}

// Runs a member until the function it gives is called.
func (s saramaClient) member(c *sarama.Config, group, topic string, handler *saramaMember) (leave func()) {
	g, err := sarama.NewConsumerGroup([]string{bootstrap}, group, c)
	must(err, "group")
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Add(1)
	go func() {
		defer running.Done()
		for ctx.Err() == nil {
			err := g.Consume(ctx, []string{topic}, handler)
			check(err == nil || errors.Is(err, sarama.ErrClosedConsumerGroup), "consume: %v", err)
		}
	}()
	return func() {
		cancel()
		running.Wait()
		must(g.Close(), "leave")
	}
}

func (s saramaClient) group(admin sarama.ClusterAdmin) {
	topic, group := "sarama-group-"+runID, "sarama-group-"+runID
	must(admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 4, ReplicationFactor: 1}, false), "create")
	watch := newGroupWatch()
	var leave [2]func()
	for i := range leave {
		leave[i] = s.member(s.config(), group, topic, &saramaMember{index: i, watch: watch,
			on: func(session sarama.ConsumerGroupSession, m *sarama.ConsumerMessage) {
				watch.saw(string(m.Value))
				session.MarkMessage(m, "")
			}})
	}
	p, err := sarama.NewSyncProducer([]string{bootstrap}, s.config())
	must(err, "producer")
	defer p.Close()
	watch.run(group, 4, 400, 40, func(i int) {
		if i == 0 {
			described, err := admin.DescribeConsumerGroups([]string{group})
			must(err, "describe group")
			check(described[0].State == "Stable" && len(described[0].Members) == 2, "%s with %d members", described[0].State, len(described[0].Members))
		}
		leave[i]()
	}, func(from, to int) { s.send(p, topic, numbers(from, to)) })
	offsets, err := admin.ListConsumerGroupOffsets(group, map[string][]int32{topic: {0, 1, 2, 3}})
	must(err, "offsets")
	sum := int64(0)
	for p := range int32(4) {
		sum += offsets.GetBlock(topic, p).Offset
	}
	check(sum == 440, "committed offsets sum up to %d", sum)
	groups, err := admin.ListConsumerGroups()
	must(err, "groups")
	check(groups[group] == "consumer", "group type %q", groups[group])
	must(admin.DeleteConsumerGroup(group), "delete group")
}

func (s saramaClient) transactional(id string) sarama.SyncProducer {
	c := s.config()
	c.Producer.Transaction.ID = id
	c.Producer.Transaction.Timeout = 20 * time.Second
	p, err := sarama.NewSyncProducer([]string{bootstrap}, c)
	must(err, "transactional producer")
	return p
}

func (s saramaClient) transactions(admin sarama.ClusterAdmin) {
	topic, out := "sarama-txn-"+runID, "sarama-moved-"+runID
	for _, name := range []string{topic, out} {
		must(admin.CreateTopic(name, &sarama.TopicDetail{NumPartitions: 2, ReplicationFactor: 1}, false), "create")
	}
	p := s.transactional("sarama-" + runID)
	var wanted []string
	for round := range 6 {
		must(p.BeginTxn(), "begin")
		var values []string
		for i := range 20 {
			values = append(values, fmt.Sprintf("%d-%d", round, i))
		}
		s.send(p, topic, values)
		if round%3 != 1 {
			wanted = append(wanted, values...)
			must(p.CommitTxn(), "commit")
		} else {
			must(p.AbortTxn(), "abort")
		}
	}
	checkSame(s.read(topic, sarama.ReadCommitted), wanted, "read_committed")
	check(len(s.read(topic, sarama.ReadUncommitted)) == 120, "read_uncommitted")
	must(p.Close(), "close")

	// Consume, transform, produce: a transaction a message, every seventh is aborted first.
	c := s.config()
	c.Consumer.IsolationLevel = sarama.ReadCommitted
	c.Consumer.Offsets.AutoCommit.Enable = false
	mover := s.transactional("sarama-mover-" + runID)
	var moved sync.Map
	count := func() int {
		n := 0
		moved.Range(func(any, any) bool { n++; return true })
		return n
	}
	var one sync.Mutex // one producer, a claim a partition
	aborted := map[string]bool{}
	leave := s.member(c, "sarama-mover-"+runID, topic, &saramaMember{watch: newGroupWatch(),
		on: func(session sarama.ConsumerGroupSession, m *sarama.ConsumerMessage) {
			one.Lock()
			defer one.Unlock()
			value := string(m.Value)
			for {
				must(mover.BeginTxn(), "begin")
				s.send(mover, out, []string{value})
				must(mover.AddMessageToTxn(m, "sarama-mover-"+runID, nil), "offsets")
				if m.Offset%7 == 0 && !aborted[value] {
					aborted[value] = true
					must(mover.AbortTxn(), "abort")
					continue
				}
				must(mover.CommitTxn(), "commit")
				break
			}
			moved.Store(value, true)
		}})
	waitFor(60, func() bool { return count() == len(wanted) }, func() string { return fmt.Sprintf("%d moved", count()) })
	leave()
	must(mover.Close(), "close")
	checkSame(s.read(out, sarama.ReadCommitted), wanted, "moved once each")
	check(len(aborted) > 0 && len(s.read(out, sarama.ReadUncommitted)) == len(wanted)+len(aborted), "aborted moves")
}

func (s saramaClient) readAll(topic string) []string { return s.read(topic, sarama.ReadUncommitted) }

// Up to the end of now. Markers take offsets and are not handed out: the high watermark tells where we are.
func (s saramaClient) read(topic string, isolation sarama.IsolationLevel) []string {
	config := s.config()
	config.Consumer.IsolationLevel = isolation
	c, err := sarama.NewClient([]string{bootstrap}, config)
	must(err, "client")
	defer c.Close()
	consumer, err := sarama.NewConsumerFromClient(c)
	must(err, "consumer")
	partitions, err := c.Partitions(topic)
	must(err, "partitions")
	var out []string
	for _, p := range partitions {
		end, err := c.GetOffset(topic, p, sarama.OffsetNewest)
		must(err, "end")
		start, err := c.GetOffset(topic, p, sarama.OffsetOldest)
		must(err, "start")
		if end == start {
			continue
		}
		pc, err := consumer.ConsumePartition(topic, p, sarama.OffsetOldest)
		must(err, "consume")
		for reading := true; reading; {
			select {
			case m := <-pc.Messages():
				out = append(out, string(m.Value))
				reading = m.Offset+1 < end
			case <-time.After(time.Second):
				reading = false
			}
		}
		must(pc.Close(), "close")
	}
	return out
}
