//! Hostile and ordinary inputs, in tables; and properties of any output whatsoever.
