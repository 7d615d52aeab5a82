// Strings of the frame around everything: start, connection to the app, sections, search, keys, announcements.
import { apart, plural } from "./format";

export const frame = {
  app: { name: "mnm", loading: "Opening your letters…" },

  gone: {
    unknown: "This browser was not let in",
    impostor: "This is not your mnm",
    command: "mnm",
  },

  live: {
    away: "The app isn’t answering. Your letters are safe on disk; start it again with “mnm”, and this page goes on by itself.",
    unknown: "The app does not know this browser, or knows it no more. Run “mnm” in a terminal: it opens the pages and lets this browser in.",
    impostor: "Another program answers at the app’s address. Nothing was told to it. End it, then start the app again with “mnm”.",
    unsaved: "What you typed is kept here; do not close the page.",
    outdated: "mnm was replaced by another version. The page loads anew once nothing unsaved is on screen.",
    reload: "Load now",
    damaged: "A part of what is stored here is damaged and left out. End the app and run “mnm check”: it says what is damaged, and saves what is whole.",
    copied: "This home was copied or restored from a backup. Letters that came after the copy was made are not here, and what was waiting to be sent waits for you: it may have been sent already.",
    unreadable: "The app gave an answer that this page doesn’t understand. Reload the page.",
    failed: "The letters could not be loaded.",
    retry: "Try again",
  },

  sections: {
    letters: "Letters",
    pings: "Pings",
    people: "People",
    groups: "Groups",
    drafts: "Drafts",
    service: "Service",
    nav: "Sections",
    waiting: (n: number) => plural(n, "waits for you", "wait for you"),
    count: (n: number) => `${n} in all`,
  },

  rail: {
    title: "Services",
    join: "Join a service",
    help: "Keyboard shortcuts",
    theme: { auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" },
    unread: (n: number) => `${n} unread`,
    pings: (n: number) => plural(n, "ping waits", "pings wait"),
    lead: "Each service is a place of its own, with its own people.",
  },

  search: {
    label: "Search all letters",
    placeholder: "Search everywhere",
    clear: "Clear search",
    nothing: (words: string) => `Nothing found for “${apart(words)}”`,
    nothingHint: "All words must occur; the last may be a beginning.",
    letters: "In letters",
    people: "People",
    groups: "Groups",
    pings: "Pings",
    drafts: "Drafts",
    count: (n: number, more: boolean) => (more ? `${n} results, and there are more` : plural(n, "result", "results")),
    more: "Show more letters",
    cut: "There are more letters with these words than can be shown. Add a word to find the one you mean.",
    from: (name: string) => `from ${apart(name)}`,
    busy: "Searching…",
  },

  keys: {
    title: "Keyboard",
    close: "Close",
    groups: {
      go: "Go",
      list: "In lists",
      write: "Write",
    },
    compose: "New letter",
    ping: "New ping",
    search: "Search",
    help: "This list",
    next: "Next",
    previous: "Previous",
    open: "Open",
    back: "Back to the list",
    escape: "Close, clear, step back",
    reply: "Reply",
    send: "Send; a second time: without waiting",
    undo: "Take the letter back",
    letters: "Letters",
    pings: "Pings",
    people: "People",
    groupsGo: "Groups",
    drafts: "Drafts",
    service: "About the service",
    nth: "Service 1 to 9",
    look: "Letters or chat",
    then: "then",
  },

  forms: {
    missing: "Fill this in first.",
    short: (least: number, is: number) => `At least ${least} characters, please; so far it has ${is}.`,
    wrong: "This can’t be taken as it is.",
  },

  arrivals: {
    letter: (from: string, service: string) => `New letter from ${apart(from)} on ${apart(service)}`,
    ping: (from: string, service: string) => `${apart(from)} is at the door on ${apart(service)}`,
  },
};
