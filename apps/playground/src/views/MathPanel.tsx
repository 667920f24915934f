// The equations of the running graph, as the library derived them.
import type { ComponentChildren } from 'preact';
import type { Line } from '../logic/mathematics.ts';
import { config, focus, look, mathematics } from '../state/store.ts';
import { Panel } from './fields.tsx';
import { Tex } from './Tex.tsx';

function Equation({ line: { name, tex, shape, layer } }: { line: Line }) {
  return (
    <li
      data-equation={name}
      data-lit={layer !== undefined && focus.value?.layer === layer}
      onPointerEnter={() => look(layer === undefined ? undefined : { layer })}
      onPointerLeave={() => look(undefined)}
    >
      <Tex text={tex} />
      <span class="shape">{shape}</span>
    </li>
  );
}

interface BlockProps {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly children?: ComponentChildren;
}

function Block({ title, lines, children }: BlockProps) {
  return (
    <div class="block">
      <h3>{title}</h3>
      <ol>
        {lines.map((line) => (
          <Equation key={line.name} line={line} />
        ))}
      </ol>
      {children}
    </div>
  );
}

/** The cost that the kernels compute, and why it is written differently. */
function Stable() {
  const { stable, rewrites } = mathematics.value;
  return (
    <details open>
      <summary>The cost that really runs</summary>
      <div class="stable">
        <Tex text={stable} />
      </div>
      <p class="note">Rewritten so that it is finite at any Z. Why:</p>
      <ul class="rewrites">
        {rewrites.map(({ tex, reason }) => (
          <li key={tex}>
            <Tex text={tex} />
            <span class="note">{reason}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

export function MathPanel() {
  const { forward, cost, backward, update } = mathematics.value;
  return (
    <Panel
      title="Mathematics"
      class="mathematics"
      aside={
        <p class="note">
          derived from the graph that is running; m examples, α = {config.value.rate}
        </p>
      }
    >
      <div class="blocks">
        <Block title="Forward" lines={forward} />
        <Block title="Cost" lines={cost}>
          <Stable />
        </Block>
        <Block title="Backward" lines={backward} />
        <Block title="Update" lines={update} />
      </div>
    </Panel>
  );
}
