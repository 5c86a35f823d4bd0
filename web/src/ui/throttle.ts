// A value that follows another at most every so often, first change at once and the last one never lost: for what is dear to draw
// and need not move with every event.
import { useEffect, useRef, useState } from "preact/hooks";

export function useThrottled(value: number, everyMs: number): number {
  const [shown, setShown] = useState(value);
  const last = useRef(0);
  useEffect(() => {
    if (value === shown) return;
    const wait = last.current + everyMs - performance.now();
    const show = (): void => {
      last.current = performance.now();
      setShown(value);
    };
    if (wait <= 0) return show();
    const timer = setTimeout(show, wait);
    return () => clearTimeout(timer);
  }, [value, shown, everyMs]);
  return shown;
}
