// The one WebSocket of the page: connects, keeps trying with full jitter, and says what state it is in.
// It knows frames, not views: state/views.ts subscribes and resumes. Silence is judged here, because only the socket
// knows when it last heard anything: the server sends a heartbeat every second.
import { signal } from "@preact/signals";
import { subprotocols } from "./token";
import { parseFrame, ProtocolError, type ClientFrame, type ServerFrame } from "./protocol";

export type LinkState = "connecting" | "live" | "stale" | "disconnected";

/** A server that says nothing for this long (two heartbeats) is stale; the promise to the reader is 3 s. */
export const kStaleAfterMs = 2000;
const kFirstRetryMs = 250;
const kMaxRetryMs = 15000;
/** Gives up on a silent connection: a half-open TCP connection would never close by itself. */
const kDropAfterMs = 30000;

export interface SocketEvents {
  open(): void;
  /** An attempt came to nothing. Why a WebSocket was refused is told to nobody; a GET is told. */
  failed(): void;
  frame(frame: ServerFrame): void;
}

export class LiveSocket {
  readonly state = signal<LinkState>("connecting");
  /** performance.now() of the last frame of any kind. */
  lastHeard = performance.now();
  /** performance.now() when the connection was lost, for "retrying". */
  readonly attempts = signal(0);
  private socket: WebSocket | null = null;
  private retry: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly url: string, private readonly events: SocketEvents) {}

  start(): void {
    this.connect();
    setInterval(() => this.check(), 100);
    addEventListener("online", () => this.reconnectNow());
  }

  send(frame: ClientFrame): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  get silentMs(): number {
    return performance.now() - this.lastHeard;
  }

  private connect(): void {
    const socket = new WebSocket(this.url, subprotocols());
    this.socket = socket;
    socket.onopen = () => {
      this.attempts.value = 0;
      this.heard();
      this.events.open();
    };
    socket.onmessage = (message) => {
      this.heard();
      try {
        const frame = parseFrame(String(message.data));
        if (frame) this.events.frame(frame);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        console.error("live:", error.message);
      }
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.lost(event);
    };
  }

  private heard(): void {
    this.lastHeard = performance.now();
    this.state.value = "live";
  }

  private check(): void {
    if (this.state.peek() === "live" && this.silentMs > kStaleAfterMs) this.state.value = "stale";
    if (this.state.peek() === "stale" && this.silentMs > kDropAfterMs) this.reconnectNow();
  }

  private lost(event: CloseEvent): void {
    this.socket = null;
    if (this.attempts.peek() > 0) this.events.failed();
    this.state.value = "disconnected";
    this.attempts.value += 1;
    const ceiling = Math.min(kMaxRetryMs, kFirstRetryMs * 2 ** this.attempts.peek());
    this.retry = setTimeout(() => this.connect(), retryHint(event) ?? kFirstRetryMs + Math.random() * ceiling);
  }

  private reconnectNow(): void {
    if (this.retry !== null) clearTimeout(this.retry);
    const old = this.socket;
    this.socket = null;
    old?.close();
    this.connect();
  }
}

/** A planned restart (1012) says when to come back. */
export function retryHint(event: { code: number; reason: string }): number | null {
  if (event.code !== 1012) return null;
  try {
    const said: unknown = JSON.parse(event.reason);
    const ms = typeof said === "object" && said !== null ? (said as { retry_ms?: unknown }).retry_ms : null;
    return typeof ms === "number" && ms >= 0 ? Math.min(ms, kMaxRetryMs) : null;
  } catch {
    return null;
  }
}
