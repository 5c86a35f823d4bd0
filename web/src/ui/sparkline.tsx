// A small line of a number's past: decoration beside the number itself, so hidden from screen readers.
import type { Level } from "../panels/select";

const kWidth = 120;
const kHeight = 30;
/** Fewer points than this are no line yet. */
const kFewest = 5;

export function sparkPath(values: readonly number[]): { line: string; area: string } {
  const finite = values.filter((v) => Number.isFinite(v));
  if (finite.length < kFewest) return { line: "", area: "" };
  const low = Math.min(...finite);
  const span = Math.max(...finite) - low || 1;
  const step = kWidth / (finite.length - 1);
  const points = finite.map((v, i) => `${(i * step).toFixed(1)} ${(kHeight - 2 - ((v - low) / span) * (kHeight - 5)).toFixed(1)}`);
  const line = `M${points.join("L")}`;
  return { line, area: `${line}L${kWidth} ${kHeight}L0 ${kHeight}Z` };
}

export function Sparkline({ values, level = "none" }: { values: readonly number[]; level?: Level }) {
  const { line, area } = sparkPath(values);
  return (
    <svg class="spark" data-level={level} viewBox={`0 0 ${kWidth} ${kHeight}`} preserveAspectRatio="none" aria-hidden="true">
      {line ? <path class="area" d={area} /> : <path class="none" d={`M0 ${kHeight - 2}H${kWidth}`} />}
      {line && <path class="line" d={line} />}
    </svg>
  );
}
