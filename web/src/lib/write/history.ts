// Undo and redo of a field. The browser forgets its own history once a program changes the text, so all steps are
// kept here: those typed, and those of the format bar and of emoji.

const STEPS_MAX = 200;
/** Letters typed within so much of each other are one step. */
const STEP_MS = 1000;

interface State {
  text: string;
  start: number;
  end: number;
}

export class History {
  #past: State[] = [];
  #future: State[] = [];
  #now: State;
  /** When and how the last step was made. */
  #last = { at: 0, kind: "" };
  #restoring = false;

  constructor(private readonly area: HTMLTextAreaElement) {
    this.#now = this.#read();
  }

  /** Takes over the field's history. Returns how to stop. */
  attach(): () => void {
    const { area } = this;
    const before = (event: InputEvent): void => {
      if (event.inputType === "historyUndo" || event.inputType === "historyRedo") {
        event.preventDefault();
        this.#move(event.inputType === "historyUndo");
        return;
      }
      // Another text was put there meanwhile, such as the next reply.
      if (area.value !== this.#now.text) {
        this.#past = [];
        this.#future = [];
      }
      this.#now = this.#read();
    };
    const input = (event: Event): void => this.#note((event as InputEvent).inputType ?? "");
    const key = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const letter = event.key.toLowerCase();
      const undo = letter === "z" && !event.shiftKey;
      if (!undo && letter !== "y" && letter !== "z") return;
      event.preventDefault();
      this.#move(undo);
    };
    area.addEventListener("beforeinput", before);
    area.addEventListener("input", input);
    area.addEventListener("keydown", key);
    return () => {
      area.removeEventListener("beforeinput", before);
      area.removeEventListener("input", input);
      area.removeEventListener("keydown", key);
    };
  }

  #read(): State {
    const { value, selectionStart, selectionEnd } = this.area;
    return { text: value, start: selectionStart, end: selectionEnd };
  }

  #note(kind: string): void {
    if (this.#restoring) return;
    const at = performance.now();
    const next = this.#read();
    const goesOn = kind === this.#last.kind && /^(insertText|deleteContent)/.test(kind) && at - this.#last.at < STEP_MS;
    if (!goesOn && next.text !== this.#now.text) this.#past = [...this.#past, this.#now].slice(-STEPS_MAX);
    this.#future = [];
    this.#now = next;
    this.#last = { at, kind };
  }

  #move(back: boolean): void {
    const [from, to] = back ? [this.#past, this.#future] : [this.#future, this.#past];
    if (this.area.value !== this.#now.text) return;
    const state = from.pop();
    if (!state) return;
    to.push(this.#read());
    this.#now = state;
    this.#last = { at: 0, kind: "" };
    this.#restoring = true;
    this.area.value = state.text;
    this.area.setSelectionRange(state.start, state.end);
    this.area.dispatchEvent(new InputEvent("input", { inputType: back ? "historyUndo" : "historyRedo", bubbles: true }));
    this.#restoring = false;
  }
}
