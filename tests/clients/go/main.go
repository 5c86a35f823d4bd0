// The Go clients: clients franz|sarama|kafkago HOST:PORT own|cross TOPIC [clients that have run]
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
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

// This client does these things here: a row of the matrix that run.sh prints.
func able(names ...string) { fmt.Println("able", strings.Join(names, " ")) }

func must(err error, what string) { check(err == nil, "%s: %v", what, err) }

func waitFor(seconds int, condition func() bool, message func() string) {
	for end := time.Now().Add(time.Duration(seconds) * time.Second); !condition() && time.Now().Before(end); {
		time.Sleep(30 * time.Millisecond)
	}
	check(condition(), "%s", message())
}

// "from" to "to - 1" as texts.
func numbers(from, to int) []string {
	out := []string{}
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func crossValue(client, codec string, i int) string {
	return fmt.Sprintf("%s/%s/%d/%s", client, codec, i, strings.Repeat("payload-", i%50))
}

func crossValues(client string) func(codec string) []string {
	return func(codec string) []string {
		out := []string{}
		for i := range 100 {
			out = append(out, crossValue(client, codec, i))
		}
		return out
	}
}

// Everything the cross topic must hold, no more and no less (tests/clients/expectations.py).
func checkCross(values []string, clients []string) {
	wanted := map[string]bool{}
	for _, client := range clients {
		for _, codec := range codecs {
			if client == "kafkajs" && codec == "zstd" {
				continue
			}
			for i := range 100 {
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

func checkSame(seen, wanted []string, what string) {
	seen, wanted = slices.Sorted(slices.Values(seen)), slices.Sorted(slices.Values(wanted))
	check(slices.Equal(seen, wanted), "%s: got %v, wanted %v", what, seen, wanted)
}

// What the members of a group have seen and are assigned.
type groupWatch struct {
	mutex    sync.Mutex
	seen     map[string]int
	assigned [2]map[int32]bool
}

func newGroupWatch() *groupWatch {
	return &groupWatch{seen: map[string]int{}, assigned: [2]map[int32]bool{{}, {}}}
}

func (w *groupWatch) saw(value string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.seen[value]++
}

func (w *groupWatch) set(member int, partitions []int32, has bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for _, p := range partitions {
		if has {
			w.assigned[member][p] = true
		} else {
			delete(w.assigned[member], p)
		}
	}
}

func (w *groupWatch) describe() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return fmt.Sprintf("%d seen, assigned %v", len(w.seen), w.assigned)
}

// Two members share the partitions, one leaves, the other has them all and reads on.
func (w *groupWatch) run(group string, partitions, before, after int, leave func(member int), produce func(from, to int)) {
	has := func(first, second func(n int) bool, seen int) func() bool {
		return func() bool {
			w.mutex.Lock()
			defer w.mutex.Unlock()
			a, b := len(w.assigned[0]), len(w.assigned[1])
			return first(a) && second(b) && a+b == partitions && len(w.seen) == seen
		}
	}
	some := func(n int) bool { return n > 0 }
	produce(0, before)
	waitFor(60, has(some, some, before), func() string { return group + " does not share: " + w.describe() })
	leave(0)
	w.mutex.Lock()
	w.assigned[0] = map[int32]bool{}
	w.mutex.Unlock()
	produce(before, before+after)
	waitFor(60, has(func(n int) bool { return n == 0 }, some, before+after),
		func() string { return group + " after one left: " + w.describe() })
	leave(1)
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
