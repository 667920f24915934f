// The graphs of values that were asked for: each is made once. It knows nodes, and no devices.
import { ChainruleError, type Node } from '@chainrule/graph';
import { createTask, type Task } from './executable.ts';

/** Different values asked for that are remembered. */
const MAX_TASKS = 256;

/**
 * Gives the task of nodes by name, the same for the same nodes under the same names.
 * @param check looks at a new one before it is remembered
 */
export function createTasks(check: (task: Task) => void) {
  const tasks = new Map<string, Task>();
  return (nodes: Readonly<Record<string, Node>>): Task => {
    if (typeof nodes !== 'object' || nodes === null) {
      throw new ChainruleError(
        `run: ${String(nodes)} are no nodes.`,
        'pass nodes by name: { J }.',
      );
    }
    const entries = Object.entries(nodes);
    const key = JSON.stringify(entries.map(([name, node]) => [name, node?.id]));
    const known = tasks.get(key);
    if (known) return known;
    const task = createTask(key, new Map(entries));
    check(task);
    tasks.set(key, task);
    const [oldest] = tasks.keys();
    if (tasks.size > MAX_TASKS) tasks.delete(oldest!);
    return task;
  };
}
