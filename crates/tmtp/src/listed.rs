//! Macro that declares an enum together with the list of its variants.

/// Declares an enum without fields, with the constant `ALL` of all its variants in the order of their
/// declaration. The list is made from the declaration, so that no variant is missing from it.
macro_rules! listed {
    ($(#[$about:meta])* $visible:vis enum $name:ident {
        $($(#[$what:meta])* $variant:ident,)+
    }) => {
        $(#[$about])*
        $visible enum $name {
            $($(#[$what])* $variant,)+
        }

        impl $name {
            /// Every variant, in the order of their declaration.
            $visible const ALL: [Self; [$(Self::$variant),+].len()] = [$(Self::$variant),+];
        }
    };
}

pub(crate) use listed;
