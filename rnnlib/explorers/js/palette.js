// The one source of colour: custom properties, drawings and the matplotlib style all read it. Strict JSON, because
// Python reads it too. `both` is for static pictures, which must read on white and on near-black alike.
// r, z, n of the GRU share the colours of the LSTM's i, f, g, whose parts they play.
export const palette = {
  "ground": { "light": "#ffffff", "dark": "#050506", "both": "#00000000" },
  "ink": { "light": "#1c1c1e", "dark": "#e6e6e9", "both": "#777677" },
  "muted": { "light": "#66666b", "dark": "#9c9ca3", "both": "#777677" },
  "axis": { "light": "#8a8a8f", "dark": "#74747b", "both": "#828282" },
  "grid": { "light": "#e3e3e6", "dark": "#2b2b30", "both": "#80808040" },
  "accent": { "light": "#1b1b6f", "dark": "#ffd75e", "both": "#777677" },
  "warn": { "light": "#a3123a", "dark": "#ff7d9c", "both": "#d2365f" },
  "x": { "light": "#54803a", "dark": "#a9e08f", "both": "#6f9f55" },
  "h": { "light": "#2563eb", "dark": "#5b90ff", "both": "#2d5cc8" },
  "c": { "light": "#0b6b66", "dark": "#4fd0bd", "both": "#0a8d83" },
  "y": { "light": "#7a2f9c", "dark": "#efc0ff", "both": "#b97bb8" },
  "grad": { "light": "#942b07", "dark": "#f07f4f", "both": "#b8430f" },
  "grad_c": { "light": "#c4471a", "dark": "#ffb08a", "both": "#e06a35" },
  "i": { "light": "#5f7d12", "dark": "#a8952a", "both": "#567300" },
  "f": { "light": "#3b3486", "dark": "#c3ccff", "both": "#8d86f5" },
  "o": { "light": "#cd2675", "dark": "#ee638e", "both": "#b24f69" },
  "g": { "light": "#7d4105", "dark": "#f7c17c", "both": "#c08540" },
  "r": { "light": "#5f7d12", "dark": "#a8952a", "both": "#567300" },
  "z": { "light": "#3b3486", "dark": "#c3ccff", "both": "#8d86f5" },
  "n": { "light": "#7d4105", "dark": "#f7c17c", "both": "#c08540" },
  "negative": { "light": "#b0620a", "dark": "#ff9f3a", "both": "#c2700e" },
  "zero": { "light": "#00000000", "dark": "#00000000", "both": "#00000000" },
  "positive": { "light": "#1d4fd0", "dark": "#6a9bff", "both": "#2f63d6" }
};
