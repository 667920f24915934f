// Where the training runs and why, and the kernels of one step with their generated source.
import type { Verification } from '@chainrule/compiler';
import { useSignal } from '@preact/signals';
import { type DeviceName, devices } from '../logic/config.ts';
import {
  checkDevice,
  choose,
  config,
  type Running,
  running,
  verification,
} from '../state/store.ts';
import { Panel, Select } from './fields.tsx';
import { count, short } from './format.ts';

const titles: Readonly<Record<string, string>> = {
  auto: 'automatic',
  js: 'JavaScript',
  wasm: 'WebAssembly',
  webgpu: 'WebGPU',
  webgl2: 'WebGL 2',
  webgl: 'WebGL',
  headlessgl: 'headless GL',
};
const titleOf = (kind: string): string => titles[kind] ?? kind;

function Choice({ device: { kind, why, refused }, notice, compileMs }: Running) {
  return (
    <div class="device">
      <p>
        Runs on <b data-device={kind}>{titleOf(kind)}</b>: {why}.{' '}
        <span class="note">Compiled in {compileMs.toFixed(0)} ms.</span>
      </p>
      <Check />
      {notice && <pre class="notice">{notice}</pre>}
      {refused.length > 0 && (
        <details>
          <summary>Devices not taken: {refused.length}</summary>
          <dl>
            {refused.map((r) => (
              <div key={r.kind}>
                <dt>{titleOf(r.kind)}</dt>
                <dd>{r.why}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}

/** Does the device compute what the formulas say? */
function Check() {
  const found = verification.value;
  return (
    <>
      <p>
        <button type="button" class="quiet" onClick={checkDevice}>
          Check this device
        </button>
      </p>
      <div role="status">
        {found === 'checking' && <p class="note">Comparing with float64 …</p>}
        {found && found !== 'checking' && (
          <p class="verdict" data-error={found.error}>
            {found.text}
          </p>
        )}
      </div>
      {found && found !== 'checking' && <Deviations {...found} />}
    </>
  );
}

const Deviations = ({ outputs }: Verification) => (
  <details>
    <summary>Worst error of each result, relative to its largest magnitude</summary>
    <dl class="deviations">
      {Object.entries(outputs).map(([name, { error }]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{short(error)}</dd>
        </div>
      ))}
    </dl>
  </details>
);

function Kernels({ report, sources }: Running) {
  const chosen = useSignal<string | undefined>(undefined);
  const shown = sources.find(({ name }) => name === chosen.value);
  return (
    <div class="kernels">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <section class="scroll" tabIndex={0} aria-label="Kernels of one step">
        <table>
          <thead>
            <tr>
              <th scope="col">Kernel</th>
              <th scope="col">Shape</th>
              <th scope="col" class="number">
                FLOP
              </th>
              <th scope="col">Ends because</th>
            </tr>
          </thead>
          <tbody>
            {report.kernels.map(({ name, shape, flops, stop }) => (
              <tr key={name} data-lit={name === chosen.value}>
                <th scope="row">
                  <button
                    type="button"
                    class="link"
                    aria-pressed={name === chosen.value}
                    onClick={() => {
                      chosen.value = name === chosen.value ? undefined : name;
                    }}
                  >
                    {name}
                  </button>
                </th>
                <td>{shape.join(' × ')}</td>
                <td class="number">{count(flops)}</td>
                <td>{stop}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {shown ? (
        <figure>
          <figcaption>Generated source of {shown.name}</figcaption>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
          <pre tabIndex={0} class="source">
            {shown.text}
          </pre>
        </figure>
      ) : (
        <p class="note">Choose a kernel to read its generated source.</p>
      )}
    </div>
  );
}

export function DevicePanel() {
  const now = running.value;
  return (
    <Panel
      title="Device and kernels"
      class="machine"
      aside={
        <Select<DeviceName>
          label="Device"
          value={config.value.device}
          options={devices.map((d) => [d, titleOf(d)])}
          onChoose={(device) => choose({ device })}
        />
      }
    >
      {now && <Choice {...now} />}
      {now && (
        <details class="more" open>
          <summary>
            One step is {now.report.kernels.length} kernels, {count(now.report.flops)} FLOP,{' '}
            {count(now.report.bytes)} bytes moved
          </summary>
          <Kernels {...now} />
        </details>
      )}
    </Panel>
  );
}
