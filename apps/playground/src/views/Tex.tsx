// LaTeX as MathML, which browsers draw and screen readers read. The typesetter comes when needed.
import { useEffect, useRef } from 'preact/hooks';

let typesetter: Promise<typeof import('temml')> | undefined;

export function Tex({ text }: { text: string }) {
  const ref = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    let current = true;
    typesetter ??= import('temml');
    // What is cut off must be reachable by keyboard, to scroll it.
    const makeReachable = () => {
      if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
      else element.removeAttribute('tabindex');
    };
    void typesetter.then(({ default: temml }) => {
      if (!current) return;
      temml.render(text, element, { displayMode: true, maxExpand: 100_000 });
      // Longer mathematics in a box of the same size: no observer sees that.
      makeReachable();
    });
    const observer = new ResizeObserver(makeReachable);
    observer.observe(element);
    return () => {
      current = false;
      observer.disconnect();
    };
  }, [text]);
  // The typesetter fills it: a child of ours would be lost to it.
  return <span class="tex" ref={ref} />;
}
