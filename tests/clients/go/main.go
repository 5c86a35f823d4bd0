// The Go clients: clients franz|sarama|kafkago HOST:PORT own|cross TOPIC [clients that have run]
package main

import (
	"fmt"
	"os"
	"strings"
)

var (
	codecs    = []string{"none", "gzip", "snappy", "lz4", "zstd"}
	runID     = envOr("MILLRACE_RUN_ID", "0")
	bootstrap string
)

func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

func check(ok bool, format string, args ...any) {
	if !ok {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
		os.Exit(1)
	}
}

func must(err error, what string) { check(err == nil, "%s: %v", what, err) }

func crossValue(client, codec string, i int) string {
	return fmt.Sprintf("%s/%s/%d/%s", client, codec, i, strings.Repeat("payload-", i%50))
}

// Everything the cross topic must hold, no more and no less (tests/clients/expectations.py).
func checkCross(values []string, clients []string) {
	wanted := map[string]bool{}
	for _, client := range clients {
		for _, codec := range codecs {
			if client == "kafkajs" && codec == "zstd" {
				continue
			}
			for i := 0; i < 100; i++ {
				wanted[crossValue(client, codec, i)] = true
			}
		}
	}
	check(len(values) == len(wanted), "%d records in the cross topic, %d wanted", len(values), len(wanted))
	for _, value := range values {
		check(wanted[value], "a record nobody wrote, or twice: %.40s", value)
		delete(wanted, value)
	}
}

type client interface {
	own(topic string)
	readAll(topic string) []string
}

func main() {
	check(len(os.Args) >= 5, "usage: clients franz|sarama|kafkago HOST:PORT own|cross TOPIC [client...]")
	bootstrap = os.Args[2]
	c := map[string]client{"franz": franz{}, "sarama": saramaClient{}, "kafkago": kafkaGo{}}[os.Args[1]]
	check(c != nil, "unknown client %s", os.Args[1])
	if os.Args[3] == "own" {
		c.own(os.Args[4])
	} else {
		checkCross(c.readAll(os.Args[4]), os.Args[5:])
	}
	fmt.Println("done")
}
