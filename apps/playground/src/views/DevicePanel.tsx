// Where the training runs and why, and the kernels of one step with their generated source.
import { useSignal } from '@preact/signals';
import { type DeviceName, devices } from '../logic/config.ts';
import { choose, config, type Running, running } from '../state/store.ts';
import { Panel, Select } from './fields.tsx';
import { count } from './format.ts';

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

function Kernels({ report, sources }: Running) {
  const chosen = useSignal(0);
  const at = Math.min(chosen.value, sources.length - 1);
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
            {report.kernels.map(({ name, shape, flops, stop }, i) => (
              <tr key={name} aria-selected={i === at}>
                <th scope="row">
                  <button
                    type="button"
                    class="link"
                    aria-pressed={i === at}
                    onClick={() => {
                      chosen.value = i;
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
      <figure>
        <figcaption>Generated source of {sources[at]?.name}</figcaption>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
        <pre tabIndex={0} class="source">
          {sources[at]?.text}
        </pre>
      </figure>
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
        <details class="more">
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
