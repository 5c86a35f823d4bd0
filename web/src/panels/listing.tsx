// A table of things the node has: columns with a title and a cell, a row that may open something. Used by the system page.
import type { ComponentChildren } from "preact";

export interface Column<T> { title: string; num?: boolean; cell: (row: T) => ComponentChildren }

interface Props<T> {
  title: string;
  rows: readonly T[] | undefined;
  problem: string;
  none: string;
  columns: readonly Column<T>[];
  name: (row: T) => string;
  open?: (row: T) => void;
  bad?: (row: T) => boolean;
}

export function Listing<T>({ title, rows, problem, none, columns, name, open, bad }: Props<T>) {
  return (
    <section class="card panel" aria-label={title}>
      <header><h3>{title}{rows && rows.length > 0 ? <span class="muted"> {rows.length}</span> : null}</h3></header>
      {problem && <p class="problem">{problem}</p>}
      {!rows ? !problem && <p class="empty">Loading …</p> : rows.length === 0 ? <p class="empty">{none}</p> : (
        <div class="scroll">
          <table class="cards">
            <caption class="hidden">{title}</caption>
            <thead><tr>{columns.map((c) => <th key={c.title} scope="col" class={c.num ? "num" : ""}>{c.title}</th>)}</tr></thead>
            <tbody>
              {rows.map((row) => (
                <tr
                  key={name(row)} class={open ? "opens" : ""} tabIndex={open ? 0 : undefined} data-level={bad?.(row) ? "critical" : undefined}
                  onClick={() => open?.(row)}
                  onKeyDown={(e) => {
                    if (!open || (e.key !== "Enter" && e.key !== " ")) return;
                    e.preventDefault();
                    open(row);
                  }}
                >
                  {columns.map((c, i) => <td key={c.title} data-label={c.title} class={`${c.num ? "num" : ""} ${i === 0 ? "lead" : ""}`}>{c.cell(row)}</td>)}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
