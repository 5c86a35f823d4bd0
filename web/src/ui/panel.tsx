// The frame of a panel: title, how fresh it is, its tools, and one sentence instead of the content where there is none.
import type { ComponentChildren } from "preact";
import type { View } from "../state/view";
import { PanelFreshness } from "./freshness";

interface Props { title: string; view?: View; tools?: ComponentChildren; kind: string; children: ComponentChildren }

export function PanelFrame({ title, view, tools, kind, children }: Props) {
  if (view) void view.rev.value;
  return (
    <section class={`card panel k-${kind}`} aria-label={title}>
      <header>
        <h3>{title}</h3>
        <div class="tools">{tools}</div>
        {view && <PanelFreshness view={view} />}
      </header>
      {view?.problem && view.rows.size === 0 ? <p class="empty problem">{view.problem}</p> : children}
    </section>
  );
}

export function Empty({ view, children }: { view?: View; children: ComponentChildren }) {
  return <p class="empty">{view?.state === "loading" ? "Loading …" : children}</p>;
}
