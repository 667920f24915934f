// Starts the page.
import { render } from 'preact';
import './style.css';
import { begin } from './state/store.ts';
import { App } from './views/App.tsx';

begin();
render(<App />, document.querySelector('#app')!);
