// What a user of the library would type to train this model.
import { useSignal } from '@preact/signals';
import { code } from '../state/store.ts';
import { Panel } from './fields.tsx';

const SHOWN_MS = 1600;

export function CodePanel() {
  const said = useSignal('Copy');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(code.value);
      said.value = 'Copied';
    } catch {
      said.value = 'Not allowed here';
    }
    setTimeout(() => {
      said.value = 'Copy';
    }, SHOWN_MS);
  };
  return (
    <Panel
      title="The same in code"
      class="code"
      aside={
        <button type="button" class="small" onClick={copy} aria-live="polite">
          {said.value}
        </button>
      }
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
      <pre tabIndex={0}>{code.value}</pre>
    </Panel>
  );
}
