// Emoji that can be picked: a choice of them by group, each with the names by which it is found.

export interface Emoji {
  char: string;
  /** The first is the one between colons. */
  names: string[];
}

const GROUPS: Record<string, string> = {
  faces:
    "😀 grinning happy|😃 smiley happy|😄 smile happy|😁 grin|😆 laughing|😅 sweat_smile relief|😂 joy laugh tears|🤣 rofl laugh|🙂 slight_smile|🙃 upside_down|😉 wink|😊 blush|😇 innocent angel|🥰 love hearts|😍 heart_eyes|😘 kiss|😋 yum|😛 tongue|😜 wink_tongue|🤪 zany|🤗 hug|🤭 oops giggle|🤫 shush quiet|🤔 thinking hmm|🤨 raised_eyebrow|😐 neutral|😶 speechless|😏 smirk|😒 unamused|🙄 eye_roll|😬 grimace|😌 relieved|😔 pensive sad|😪 sleepy|😴 sleeping|😷 mask ill|🤒 thermometer ill|🤧 sneeze|🥵 hot|🥶 cold|🥴 woozy|🤯 mind_blown|🥳 party celebrate|😎 cool sunglasses|🤓 nerd|🧐 monocle|😕 confused|😟 worried|🙁 frown|😮 open_mouth wow|😲 astonished|🥺 pleading|😢 cry sad|😭 sob|😱 scream|😳 flushed|😞 disappointed|😓 sweat|😩 weary|😫 tired|🥱 yawn|😤 huff|😠 angry|😡 rage|🤬 swearing|😈 devil|💀 skull|👻 ghost|🤖 robot|🤷 shrug|🤦 facepalm",
  hands:
    "👍 +1 thumbsup yes|👎 -1 thumbsdown no|👌 ok_hand|🤌 pinched|✌️ victory peace|🤞 fingers_crossed luck|🤘 rock|👋 wave hello bye|👏 clap|🙌 raised_hands|🙏 pray thanks please|🤝 handshake deal|💪 muscle strong|👈 point_left|👉 point_right|👆 point_up|👇 point_down|☝️ one|✋ hand stop|🖐️ five|✊ fist|👊 punch|🫶 heart_hands|✍️ writing|👀 eyes look|🧠 brain|👶 baby|🧑 person|👩 woman|👨 man|👪 family|🏃 run|🚶 walk|💃 dance|🙋 raising_hand",
  hearts:
    "❤️ heart love|🧡 orange_heart|💛 yellow_heart|💚 green_heart|💙 blue_heart|💜 purple_heart|🖤 black_heart|🤍 white_heart|💔 broken_heart|💕 two_hearts|💯 100 hundred|✨ sparkles|⭐ star|🌟 glowing_star|🔥 fire hot|💥 boom|💤 zzz|💦 drops|🎉 tada party|🎊 confetti|🎈 balloon|🎁 gift present|🏆 trophy|🥇 gold first|🎂 cake birthday|🕯️ candle",
  nature:
    "🐶 dog|🐱 cat|🐭 mouse|🐰 rabbit|🦊 fox|🐻 bear|🐼 panda|🐨 koala|🦁 lion|🐮 cow|🐷 pig|🐸 frog|🐔 chicken|🐧 penguin|🐦 bird|🦆 duck|🦉 owl|🐝 bee|🦋 butterfly|🐢 turtle|🐟 fish|🐳 whale|🐴 horse|🌱 seedling|🌲 tree|🌷 tulip|🌹 rose|🌻 sunflower|🍀 clover luck|🍁 maple autumn|☀️ sun|🌤️ partly_sunny|☁️ cloud|🌧️ rain|⛈️ storm|❄️ snow|🌈 rainbow|🌙 moon|🌍 earth world|🌊 ocean",
  food:
    "☕ coffee|🍵 tea|🍺 beer|🍻 cheers|🍷 wine|🥂 champagne|🥤 drink|💧 water|🍎 apple|🍌 banana|🍓 strawberry|🍒 cherry|🍋 lemon|🍅 tomato|🥕 carrot|🥦 broccoli|🍞 bread|🧀 cheese|🥚 egg|🍕 pizza|🍔 burger|🍟 fries|🌮 taco|🍝 pasta|🍣 sushi|🍜 noodles|🍚 rice|🥗 salad|🍰 shortcake|🍫 chocolate|🍪 cookie|🍦 ice_cream|🍴 cutlery eat",
  things:
    "🏠 house home|🏢 office|🏫 school|🏥 hospital|⛪ church|🚗 car|🚌 bus|🚆 train|✈️ plane|🚲 bike|🚢 ship|⛵ sailboat boat|🚣 rowing boat|🚀 rocket|⏰ alarm|⏳ hourglass wait|📅 calendar date|📌 pin|📎 paperclip|✉️ envelope letter|📬 mailbox|📧 email|📞 phone|💻 laptop|🖨️ printer|📷 camera|🔍 search|🔒 lock|🔓 unlock|🔑 key|🔧 wrench|🔨 hammer|💡 idea bulb|🔋 battery|📖 book|📝 memo note|✏️ pencil|📊 chart|📁 folder|🗑️ trash|💰 money|💳 card|🎵 music|🎸 guitar|🎨 art|🎬 film|⚽ football soccer|🏀 basketball|🎾 tennis|🏊 swim|⛷️ ski|🎮 game|🎲 dice|👕 shirt|👟 shoe|🎒 backpack|☂️ umbrella",
  signs:
    "✅ check yes done|☑️ checked|❌ x no cross|❓ question|❗ exclamation|⚠️ warning|🚫 prohibited|⛔ no_entry|♻️ recycle|➡️ right|⬅️ left|⬆️ up|⬇️ down|🔁 repeat|➕ plus|➖ minus|🆗 ok|🆕 new|🔴 red|🟠 orange|🟡 yellow|🟢 green|🔵 blue|🟣 purple|⚫ black|⚪ white|🏁 finish|🚩 flag",
};

export const EMOJI: { group: string; emoji: Emoji[] }[] = Object.entries(GROUPS).map(([group, list]) => ({
  group,
  emoji: list.split("|").map((each) => {
    const [char = "", ...names] = each.split(" ");
    return { char, names };
  }),
}));

const ALL = EMOJI.flatMap(({ emoji }) => emoji);

/** Emoji that are called so, those whose name begins so first. */
export function findEmoji(words: string, most: number): Emoji[] {
  const wanted = words.trim().toLowerCase().replace(/\s+/g, "_");
  const ranked = ALL.map((one) => ({ one, rank: rank(one, wanted) })).filter(({ rank }) => rank < 4);
  return ranked.sort((a, b) => a.rank - b.rank).slice(0, most).map(({ one }) => one);
}

function rank({ names }: Emoji, wanted: string): number {
  if (names[0] === wanted) return 0;
  if (names[0]?.startsWith(wanted)) return 1;
  if (names.some((name) => name.startsWith(wanted))) return 2;
  return names.some((name) => name.includes(wanted)) ? 3 : 4;
}

/** The emoji of a name between colons. */
export const emojiCalled = (name: string): string | undefined => ALL.find(({ names }) => names.includes(name.toLowerCase()))?.char;
