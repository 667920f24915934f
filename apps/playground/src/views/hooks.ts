// Small hooks that views share.
import { effect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';

/** The width of an element in CSS pixels, kept up to date. */
export function useWidth<T extends HTMLElement>(first: number) {
  const ref = useRef<T>(null);
  const [width, setWidth] = useState(first);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, width };
}

/** Runs now, when a signal that it reads changes, and when an input changes. */
export function useDraw(draw: () => void, inputs: readonly unknown[]): void {
  useEffect(() => effect(draw), [...inputs]);
}
