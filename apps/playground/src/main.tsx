import { render } from 'preact';

render(<main>chainrule</main>, document.querySelector('#app')!);
