package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

type saramaClient struct{}

func (saramaClient) config() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.V3_6_0_0
	c.Producer.Return.Successes = true
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Idempotent = true
	c.Net.MaxOpenRequests = 1
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	return c
}

func (s saramaClient) produce(topic string, values func(codec string) []string) {
	for _, codec := range codecs {
		c := s.config()
		must(c.Producer.Compression.UnmarshalText([]byte(codec)), "codec")
		p, err := sarama.NewSyncProducer([]string{bootstrap}, c)
		must(err, "producer")
		var batch []*sarama.ProducerMessage
		for _, v := range values(codec) {
			batch = append(batch, &sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(v)})
		}
		must(p.SendMessages(batch), "send")
		must(p.Close(), "close")
	}
}

type saramaHandler struct {
	mutex sync.Mutex
	seen  map[string]bool
	done  func()
}

func (*saramaHandler) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (*saramaHandler) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (h *saramaHandler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case m, ok := <-claim.Messages():
			if !ok {
				return nil
			}
			session.MarkMessage(m, "")
			h.mutex.Lock()
			h.seen[string(m.Value)] = true
			if len(h.seen) == 500 {
				h.done()
			}
			h.mutex.Unlock()
		case <-session.Context().Done():
			return nil
		}
	}
}

func (s saramaClient) own(cross string) {
	topic, group := "sarama-"+runID, "sarama-group-"+runID
	admin, err := sarama.NewClusterAdmin([]string{bootstrap}, s.config())
	must(err, "admin")
	defer admin.Close()
	hour := "3600000"
	must(admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 3, ReplicationFactor: 1,
		ConfigEntries: map[string]*string{"retention.ms": &hour}}, false), "create")
	must(admin.CreatePartitions(topic, 4, nil, false), "create partitions")
	entries, err := admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: topic, ConfigNames: []string{"retention.ms"}})
	must(err, "describe")
	check(len(entries) == 1 && entries[0].Value == hour, "retention.ms %v", entries)
	s.produce(topic, func(codec string) []string {
		var out []string
		for i := 0; i < 100; i++ {
			out = append(out, fmt.Sprintf("%s-%d", codec, i))
		}
		return out
	})
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	handler := &saramaHandler{seen: map[string]bool{}, done: cancel}
	g, err := sarama.NewConsumerGroup([]string{bootstrap}, group, s.config())
	must(err, "group")
	for ctx.Err() == nil {
		must(g.Consume(ctx, []string{topic}, handler), "consume")
	}
	must(g.Close(), "leave")
	check(len(handler.seen) == 500, "the group read %d of 500", len(handler.seen))
	offsets, err := admin.ListConsumerGroupOffsets(group, map[string][]int32{topic: {0, 1, 2, 3}})
	must(err, "offsets")
	sum := int64(0)
	for p := int32(0); p < 4; p++ {
		sum += offsets.GetBlock(topic, p).Offset
	}
	check(sum == 500, "committed offsets sum up to %d", sum)
	groups, err := admin.ListConsumerGroups()
	must(err, "groups")
	check(groups[group] == "consumer", "group type %q", groups[group])
	must(admin.DeleteConsumerGroup(group), "delete group")
	must(admin.DeleteRecords(topic, map[int32]int64{0: 2}), "delete records")
	must(admin.DeleteTopic(topic), "delete topic")
	s.produce(cross, func(codec string) []string {
		var out []string
		for i := 0; i < 100; i++ {
			out = append(out, crossValue("sarama", codec, i))
		}
		return out
	})
}

func (s saramaClient) readAll(topic string) []string {
	c, err := sarama.NewClient([]string{bootstrap}, s.config())
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
		if end == 0 {
			continue
		}
		pc, err := consumer.ConsumePartition(topic, p, sarama.OffsetOldest)
		must(err, "consume")
		for m := range pc.Messages() {
			out = append(out, string(m.Value))
			if m.Offset+1 >= end {
				break
			}
		}
		must(pc.Close(), "close")
	}
	return out
}
