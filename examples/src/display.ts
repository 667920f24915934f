// What people see while something trains: text on stdout, a bar on stderr if that is a terminal.
// Knows nothing of what is trained.
import { plot as drawPlot } from 'asciichart';
import { Presets, SingleBar } from 'cli-progress';

export interface Display {
  /** One or more lines of text. */
  say(text: string): void;
  progress(total: number): Progress;
}

export interface Progress {
  /** Shows that `done` of the total is done, and the figures that go with it. */
  update(done: number, figures: Readonly<Record<string, number>>): void;
  stop(): void;
}

/** For people; silent on stdout if `quiet`, so that only a result stands there. */
export function createDisplay(quiet: boolean, isTerminal = process.stderr.isTTY): Display {
  const say = quiet ? () => {} : (text: string) => console.log(text);
  return {
    say,
    progress: (total) => (isTerminal ? bar(total) : milestones(total, say)),
  };
}

function bar(total: number): Progress {
  const shown = new SingleBar(
    {
      format: '  {bar} {percentage}%  {figures}  {eta_formatted} left',
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
      barsize: 30,
    },
    Presets.shades_classic,
  );
  shown.start(total, 0, { figures: '' });
  return {
    update: (done, figures) => shown.update(done, { figures: describe(figures) }),
    stop: () => shown.stop(),
  };
}

/** Where no bar can be drawn: a line of text at every quarter. */
function milestones(total: number, say: (text: string) => void): Progress {
  let next = 0.25;
  return {
    update(done, figures) {
      if (done / total < next) return;
      next = Math.floor((done / total) * 4) / 4 + 0.25;
      say(`  ${`${Math.round((100 * done) / total)} %`.padStart(5)}  ${describe(figures)}`);
    },
    stop() {},
  };
}

function describe(figures: Readonly<Record<string, number>>): string {
  const parts = Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  return parts.join('  ');
}

export const percent = (fraction: number): string => `${(100 * fraction).toFixed(2)} %`;

/** Columns of a plot: with its labels it fits into 80. */
const plotWidth = 64;

/** A plot of `values` over time, averaged to the width of a terminal. */
export function plot(title: string, values: readonly number[]): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return `  ${title}: too few finite values to plot`;
  const width = Math.min(plotWidth, finite.length);
  const points = Array.from({ length: width }, (_, i) => {
    const part = finite.slice(
      Math.floor((i * finite.length) / width),
      Math.floor(((i + 1) * finite.length) / width),
    );
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
  const drawn = drawPlot(points, { height: 8, format: (x) => x.toFixed(3).padStart(9) });
  return `  ${title}\n${drawn.replace(/ +$/gm, '')}`;
}
