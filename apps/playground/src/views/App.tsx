// The page.
import { problem } from '../state/store.ts';
import { CodePanel } from './CodePanel.tsx';
import { DataPanel } from './DataPanel.tsx';
import { DevicePanel } from './DevicePanel.tsx';
import { MathPanel } from './MathPanel.tsx';
import { NetworkPanel } from './NetworkPanel.tsx';
import { OutputPanel } from './OutputPanel.tsx';
import { TopBar } from './TopBar.tsx';

export function App() {
  return (
    <>
      <header class="top">
        <TopBar />
      </header>
      <main>
        <div role="alert">{problem.value && <p class="problem">{problem.value}</p>}</div>
        <div class="lab">
          <DataPanel />
          <NetworkPanel />
          <OutputPanel />
        </div>
        <MathPanel />
        <div class="below">
          <DevicePanel />
          <CodePanel />
        </div>
      </main>
    </>
  );
}
