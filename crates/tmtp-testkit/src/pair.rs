//! Both sides of a link in memory, with a simulated clock.
