import { mount } from 'svelte';
import LiveCharts from './LiveCharts.svelte';

mount(LiveCharts, { target: document.body });
