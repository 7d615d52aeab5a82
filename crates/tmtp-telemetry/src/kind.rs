//! Label enumerations: counters by kind, with a name of each kind for people and programs.

use std::marker::PhantomData;

use crate::counter::Counter;

/// A kind of thing that is counted.
pub trait Kind: Copy + 'static {
    /// Every kind.
    const ALL: &'static [Self];

    /// Its place in [`Self::ALL`].
    fn index(self) -> usize;

    /// Its name, in lower case with underscores.
    fn name(self) -> &'static str;
}

/// One [`Counter`] for each of `N` kinds.
#[derive(Debug)]
pub struct CounterVec<K, const N: usize> {
    counters: [Counter; N],
    kind: PhantomData<K>,
}

impl<K: Kind, const N: usize> CounterVec<K, N> {
    /// All at zero.
    #[must_use]
    pub const fn new() -> Self {
        Self { counters: [const { Counter::new() }; N], kind: PhantomData }
    }

    /// Counts one more of `kind`.
    pub fn one(&self, kind: K) {
        if let Some(counter) = self.counters.get(kind.index()) {
            counter.one();
        }
    }

    /// Every kind with how many there were.
    pub fn values(&self) -> impl Iterator<Item = (K, u64)> + '_ {
        K::ALL.iter().copied().zip(self.counters.iter().map(Counter::value))
    }
}

impl<K: Kind, const N: usize> Default for CounterVec<K, N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes an enumeration of kinds, each with its name, and a constant `COUNT`.
#[macro_export]
macro_rules! kinds {
    ($(#[$about:meta])* $visible:vis enum $kinds:ident {
        $($(#[$what:meta])* $kind:ident => $name:literal,)+
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visible enum $kinds {
            $($(#[$what])* $kind,)+
        }

        impl $kinds {
            /// How many kinds there are.
            $visible const COUNT: usize = <Self as $crate::Kind>::ALL.len();
        }

        impl $crate::Kind for $kinds {
            const ALL: &'static [Self] = &[$(Self::$kind),+];

            fn index(self) -> usize {
                self as usize
            }

            fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}
