/** Runs something every `ms` milliseconds, without keeping the process alive for it; returns its stop. */
export function every(run: () => void, ms: number): () => void {
  const timer = setInterval(run, ms);
  timer.unref();
  return () => clearInterval(timer);
}
