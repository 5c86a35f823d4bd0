// The server's clock as this page can know it: the smallest difference to ours that a heartbeat has shown (what is
// left of the difference is the way of the message). Every age and every latency on the page is by this clock.

const kSamples = 30;

export class ServerClock {
  private readonly samples: number[] = [];

  heard(serverNow: number, localNow = Date.now()): void {
    this.samples.push(localNow - serverNow);
    if (this.samples.length > kSamples) this.samples.shift();
  }

  /** Milliseconds our clock is ahead of the server's. */
  get offset(): number {
    return this.samples.length === 0 ? 0 : Math.min(...this.samples);
  }

  now(localNow = Date.now()): number {
    return localNow - this.offset;
  }

  /** How old something of the server's time `at` is now; never negative. */
  age(at: number, localNow = Date.now()): number {
    return Math.max(0, this.now(localNow) - at);
  }
}
