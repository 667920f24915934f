// LaTeX as MathML, which browsers draw and screen readers read. The typesetter comes when needed.
import { useEffect, useRef } from 'preact/hooks';

let typesetter: Promise<typeof import('temml')> | undefined;

export function Tex({ text }: { text: string }) {
  const ref = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    let current = true;
    typesetter ??= import('temml');
    void typesetter.then(({ default: temml }) => {
      if (current && ref.current) temml.render(text, ref.current, { displayMode: true });
    });
    return () => {
      current = false;
    };
  }, [text]);
  // The typesetter fills it: a child of ours would be lost to it.
  return <span class="tex" ref={ref} />;
}
