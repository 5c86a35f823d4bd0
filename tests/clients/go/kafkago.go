package main

import (
	"context"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

type kafkaGo struct{}

func (kafkaGo) produce(topic string, values func(codec string) []string) {
	for number, codec := range codecs {
		w := &kafka.Writer{Addr: kafka.TCP(bootstrap), Topic: topic, Compression: kafka.Compression(number),
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
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	topic, group := "kafkago-"+runID, "kafkago-group-"+runID
	c := &kafka.Client{Addr: kafka.TCP(bootstrap), Timeout: 10 * time.Second}
	created, err := c.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: 3, ReplicationFactor: 1}}})
	must(err, "create")
	must(created.Errors[topic], "create")
	k.produce(topic, func(codec string) []string {
		var out []string
		for i := 0; i < 100; i++ {
			out = append(out, fmt.Sprintf("%s-%d", codec, i))
		}
		return out
	})
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{bootstrap}, GroupID: group, Topic: topic, StartOffset: kafka.FirstOffset,
		MaxWait: 200 * time.Millisecond})
	seen := map[string]bool{}
	for len(seen) < 500 {
		m, err := r.ReadMessage(ctx)
		must(err, fmt.Sprintf("read after %d", len(seen)))
		seen[string(m.Value)] = true
	}
	must(r.Close(), "leave")
	offsets, err := c.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: {0, 1, 2}}})
	must(err, "offsets")
	sum := int64(0)
	for _, p := range offsets.Topics[topic] {
		sum += p.CommittedOffset
	}
	check(sum == 500, "committed offsets sum up to %d", sum)
	_, err = c.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{topic}})
	must(err, "delete")
	k.produce(cross, func(codec string) []string {
		var out []string
		for i := 0; i < 100; i++ {
			out = append(out, crossValue("kafkago", codec, i))
		}
		return out
	})
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
