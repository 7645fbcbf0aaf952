//! Fields: each is declared once, and reading, documentation and schema follow from the declaration.

use std::marker::PhantomData;

use serde_json::Value;

use super::forms::Form;
use super::record::{Fault, Record};
use super::writing::Row;

/// A field of any form, for whoever describes it.
pub trait Field: Sync {
    /// Its name, in snake case.
    fn name(&self) -> &'static str;

    /// What it means, in Markdown.
    fn docs(&self) -> &'static str;

    /// Whether a file must have it.
    fn is_required(&self) -> bool;

    /// What its values look like, in Markdown.
    fn words(&self) -> String;

    /// The JSON schema of its values.
    fn schema(&self) -> Value;
}

macro_rules! field {
    ($(#[$meta:meta])* $kind:ident, $is_required:literal) => {
        $(#[$meta])*
        pub(crate) struct $kind<F> {
            name: &'static str,
            docs: &'static str,
            form: PhantomData<fn() -> F>,
        }

        impl<F> $kind<F> {
            pub(crate) const fn new(name: &'static str, docs: &'static str) -> Self {
                Self { name, docs, form: PhantomData }
            }
        }

        impl<F: Form> Field for $kind<F> {
            fn name(&self) -> &'static str {
                self.name
            }

            fn docs(&self) -> &'static str {
                self.docs
            }

            fn is_required(&self) -> bool {
                $is_required
            }

            fn words(&self) -> String {
                F::words()
            }

            fn schema(&self) -> Value {
                F::schema()
            }
        }

        impl<F: Form> $kind<F> {
            /// The value, where the record has one.
            pub(crate) fn given(&self, record: &Record<'_>) -> Result<Option<F::Value>, Fault> {
                let read = |given| F::read(given, record).map_err(|reason| Fault::of(self.name, reason));
                record.value(self.name).map(read).transpose()
            }

            /// Puts the value into a row, where there is one.
            pub(crate) fn put<'v>(&self, row: &mut Row, value: impl Into<Option<&'v F::Value>>)
            where
                F::Value: 'v,
            {
                if let Some(value) = value.into() {
                    row.insert(self.name.to_owned(), F::write(value));
                }
            }

            /// A fault of the field.
            pub(crate) fn fault(&self, reason: impl Into<String>) -> Fault {
                Fault::of(self.name, reason)
            }
        }
    };
}

field!(
    /// A field that every file of the layout has. A record without a value is rejected, unless the layout says otherwise.
    Required, true
);
field!(
    /// A field that may be missing.
    Optional, false
);

impl<F: Form> Required<F> {
    /// The value; a fault, where the record has none.
    pub(crate) fn of(&self, record: &Record<'_>) -> Result<F::Value, Fault> {
        self.given(record)?.ok_or_else(|| Fault::of(self.name, "it is missing"))
    }
}

/// Declares the fields of a layout: each a constant whose doc comment is its documentation, and all of them as `FIELDS`.
/// Those after `+` are shared with other layouts.
macro_rules! fields {
    ($($(#[doc = $doc:literal])+ $constant:ident: $kind:ident<$form:ty> = $name:literal;)+ $(+ $($shared:ident),+)?) => {
        $(
            $(#[doc = $doc])+
            const $constant: $crate::import::field::$kind<$form> =
                $crate::import::field::$kind::new($name, concat!($($doc, "\n"),+));
        )+

        static FIELDS: &[&dyn $crate::import::field::Field] = &[$(&$constant,)+ $($(&$shared),+)?];
    };
}
pub(super) use fields;
