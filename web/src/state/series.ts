// A capped ring of numbers in typed arrays: what the page itself remembers (a tile's recent values, latencies). It never grows.

export class Ring {
  private readonly xs: Float64Array;
  private readonly ys: Float64Array;
  private next = 0;
  private filled = 0;

  constructor(readonly capacity: number) {
    this.xs = new Float64Array(capacity);
    this.ys = new Float64Array(capacity);
  }

  get length(): number {
    return this.filled;
  }

  push(x: number, y: number): void {
    this.xs[this.next] = x;
    this.ys[this.next] = y;
    this.next = (this.next + 1) % this.capacity;
    this.filled = Math.min(this.capacity, this.filled + 1);
  }

  /** The newest `count` values, oldest first. */
  values(count = this.filled): number[] {
    const n = Math.min(count, this.filled);
    const out = new Array<number>(n);
    for (let i = 0; i < n; i++) out[i] = this.ys[(this.next - n + i + this.capacity) % this.capacity] ?? 0;
    return out;
  }

  /** The values whose x is at least `from`, oldest first. */
  since(from: number): number[] {
    let n = 0;
    while (n < this.filled && (this.xs[(this.next - n - 1 + this.capacity) % this.capacity] ?? 0) >= from) n++;
    return this.values(n);
  }
}

/** The q-quantile (nearest rank) of values; NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? NaN;
}
