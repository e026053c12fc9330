/** Sounds and notifications as this browser makes them. */
import { resolve } from '$app/paths';
import type { Call, Signals } from './attention.svelte.ts';

const AUDIO_STARTS_MS = 1000;

/** Whether this browser makes no sound before somebody has clicked on the page. */
export async function audioBlocked(): Promise<boolean> {
  const audio = new AudioContext();
  // Where it is allowed, it begins to run at once; where it is not, `resume` never resolves.
  const late = new Promise((resolve) => setTimeout(resolve, AUDIO_STARTS_MS));
  await Promise.race([audio.resume(), late]);
  const blocked = audio.state !== 'running';
  await audio.close();
  return blocked;
}

/** Two short tones, higher for a critical alert; they are made here, so that no file has to be fetched. */
export function beep(critical: boolean): void {
  const audio = new AudioContext();
  const [first, second] = critical ? [880, 1175] : [587, 494];
  for (const [place, frequency] of [first, second].entries()) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const at = audio.currentTime + place * 0.18;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.2, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.16);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.17);
  }
  setTimeout(() => void audio.close(), 1000);
}

function notify({ title, text, alertId }: Call): void {
  if (!('Notification' in window) || Notification.permission !== 'granted') return;
  // One notification at a time: a later one takes the place of the one before.
  const shown = new Notification(title, { body: text, tag: 'watchfloor-alerts' });
  shown.addEventListener('click', () => {
    window.focus();
    location.assign(alertId === '' ? resolve('/alerts') : resolve('/alerts/[id]', { id: alertId }));
  });
}

async function ask(): Promise<boolean> {
  if (!('Notification' in window)) return false;
  return (await Notification.requestPermission()) === 'granted';
}

export function browserSignals(): Signals {
  return { beep, notify, ask };
}
