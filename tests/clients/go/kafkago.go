package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// kafka-go has neither idempotent nor transactional producers; its readers may read committed records only.
type kafkaGo struct{}

func (kafkaGo) produce(topic string, values func(codec string) []string) {
	for number, codec := range codecs {
		w := &kafka.Writer{Addr: kafka.TCP(bootstrap), Topic: topic, Compression: kafka.Compression(number), Balancer: &kafka.RoundRobin{},
			RequiredAcks: kafka.RequireAll, BatchTimeout: 5 * time.Millisecond, AllowAutoTopicCreation: true}
		var batch []kafka.Message
		for _, v := range values(codec) {
			batch = append(batch, kafka.Message{Value: []byte(v)})
		}
		must(w.WriteMessages(context.Background(), batch...), "write "+codec)
		must(w.Close(), "close")
	}
}

func (k kafkaGo) own(cross string) {
	ctx, cancel := context.WithTimeout(context.Background(), 120*time.Second)
	defer cancel()
	topic := "kafkago-" + runID
	c := &kafka.Client{Addr: kafka.TCP(bootstrap), Timeout: 10 * time.Second}
	created, err := c.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: 1, ReplicationFactor: 1}}})
	must(err, "create")
	must(created.Errors[topic], "create")
	k.produce(topic, func(codec string) []string {
		var out []string
		for i := range 100 {
			out = append(out, fmt.Sprintf("%s-%d", codec, i))
		}
		return out
	})
	check(len(k.readAll(topic)) == 500, "not everything was read")
	_, err = c.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{topic}})
	must(err, "delete")
	able("admin", "produce", "consume")
	k.group(ctx, c)
	able("rebalance")
	k.produce(cross, crossValues("kafkago"))
}

func (k kafkaGo) group(ctx context.Context, c *kafka.Client) {
	topic, group := "kafkago-group-"+runID, "kafkago-group-"+runID
	_, err := c.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: 4, ReplicationFactor: 1}}})
	must(err, "create")
	watch := newGroupWatch()
	var stop [2]context.CancelFunc
	var running [2]sync.WaitGroup
	for i := range stop {
		g, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{ID: group, Brokers: []string{bootstrap}, Topics: []string{topic},
			HeartbeatInterval: 300 * time.Millisecond, SessionTimeout: 10 * time.Second, StartOffset: kafka.FirstOffset})
		must(err, "group")
		var mine context.Context
		mine, stop[i] = context.WithCancel(ctx)
		running[i].Add(1)
		go func() {
			defer running[i].Done()
			for mine.Err() == nil {
				generation, err := g.Next(mine)
				if err != nil {
					continue
				}
				for _, assigned := range generation.Assignments[topic] {
					generation.Start(func(until context.Context) { k.readAssigned(until, generation, watch, i, topic, assigned) })
				}
			}
			must(g.Close(), "leave")
		}()
	}
	w := &kafka.Writer{Addr: kafka.TCP(bootstrap), Topic: topic, Balancer: &kafka.RoundRobin{}, BatchTimeout: 5 * time.Millisecond, RequiredAcks: kafka.RequireAll}
	defer w.Close()
	watch.run(group, 4, 400, 40, func(i int) {
		stop[i]()
		running[i].Wait()
	}, func(from, to int) {
		var batch []kafka.Message
		for _, v := range numbers(from, to) {
			batch = append(batch, kafka.Message{Value: []byte(v)})
		}
		must(w.WriteMessages(ctx, batch...), "write")
	})
	offsets, err := c.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: {0, 1, 2, 3}}})
	must(err, "offsets")
	sum := int64(0)
	for _, p := range offsets.Topics[topic] {
		sum += p.CommittedOffset
	}
	check(sum == 440, "committed offsets sum up to %d", sum)
	groups, err := c.ListGroups(ctx, &kafka.ListGroupsRequest{})
	must(err, "groups")
	listed := false
	for _, g := range groups.Groups {
		listed = listed || g.GroupID == group
	}
	check(listed, "%s is not listed", group)
}

func (kafkaGo) readAssigned(until context.Context, generation *kafka.Generation, watch *groupWatch, index int, topic string, assigned kafka.PartitionAssignment) {
	watch.set(index, []int32{int32(assigned.ID)}, true)
	defer watch.set(index, []int32{int32(assigned.ID)}, false)
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{bootstrap}, Topic: topic, Partition: assigned.ID, MaxWait: 100 * time.Millisecond})
	defer r.Close()
	must(r.SetOffset(assigned.Offset), "seek")
	for {
		m, err := r.ReadMessage(until)
		if errors.Is(err, context.Canceled) || errors.Is(err, kafka.ErrGenerationEnded) || errors.Is(err, io.EOF) {
			return
		}
		must(err, "read")
		watch.saw(string(m.Value))
		// A generation that has just ended refuses it: the record is read again.
		_ = generation.CommitOffsets(map[string]map[int]int64{topic: {assigned.ID: m.Offset + 1}})
	}
}

func (kafkaGo) readAll(topic string) []string {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	conn, err := kafka.DialLeader(ctx, "tcp", bootstrap, topic, 0)
	must(err, "dial")
	_, end, err := conn.ReadOffsets()
	must(err, "offsets")
	must(conn.Close(), "close")
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{bootstrap}, Topic: topic, Partition: 0, MaxWait: 100 * time.Millisecond})
	defer r.Close()
	var out []string
	for r.Offset() < end {
		m, err := r.ReadMessage(ctx)
		must(err, "read")
		out = append(out, string(m.Value))
	}
	return out
}
