// The sound of a notice: two short tones, made here.

const TONES_HZ = [880, 1174.7];
const TONE_S = 0.12;
const LOUDNESS = 0.08;

/** Plays it, where the browser allows a page to make sounds. */
export function chime(): void {
  try {
    const audio = new AudioContext();
    let end = audio.currentTime;
    for (const hertz of TONES_HZ) {
      const [tone, loudness] = [audio.createOscillator(), audio.createGain()];
      tone.frequency.value = hertz;
      loudness.gain.setValueAtTime(LOUDNESS, end);
      loudness.gain.exponentialRampToValueAtTime(0.001, end + TONE_S);
      tone.connect(loudness).connect(audio.destination);
      tone.start(end);
      end += TONE_S;
      tone.stop(end);
      tone.onended = () => void (hertz === TONES_HZ.at(-1) && audio.close());
    }
  } catch {
    // No sound device.
  }
}
