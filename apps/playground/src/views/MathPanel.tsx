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

export function MathPanel() {
  const { forward, cost, stable, backward, update } = mathematics.value;
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
          <details>
            <summary>The cost that really runs</summary>
            <div class="stable">
              <Tex text={stable} />
            </div>
            <p class="note">
              Rewritten by the compiler so that it stays finite at any Z: the logarithm of a
              probability that rounds to 0 or 1 is never taken.
            </p>
          </details>
        </Block>
        <Block title="Backward" lines={backward} />
        <Block title="Update" lines={update} />
      </div>
    </Panel>
  );
}
