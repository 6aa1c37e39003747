/* Once a frame: however often it is called, `does` runs once before the next paint. */
export function onceAFrame(does) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      does();
    });
  };
}
