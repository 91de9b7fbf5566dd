//! A stage of a pipeline: one step of a reference subject, as a value that can be wrapped from outside.
//!
//! What lives here is the mechanism. What the stages of a subject are is said where the subject is; what a mutant or a
//! variant does to them, in its own file.

use std::fmt;
use std::sync::Arc;

/// One step of a subject: what it knows and an input in, an output out.
///
/// A step that waits has a boxed future for its output.
pub struct Stage<C, I, O> {
    step: Step<C, I, O>,
    is_replaced: bool,
}

type Step<C, I, O> = Arc<dyn Fn(&C, I) -> O + Send + Sync>;

impl<C: 'static, I: 'static, O: 'static> Stage<C, I, O> {
    /// The step as the subject does it when nothing is wrong with it.
    pub fn new(step: impl Fn(&C, I) -> O + Send + Sync + 'static) -> Self {
        Self { step: Arc::new(step), is_replaced: false }
    }

    /// Takes the step.
    pub fn run(&self, context: &C, input: I) -> O {
        (self.step)(context, input)
    }

    /// Changes what goes in.
    pub fn before(&mut self, change: impl Fn(&C, I) -> I + Send + Sync + 'static) {
        self.around(move |next, context, input| next.run(context, change(context, input)));
    }

    /// Changes what comes out.
    pub fn after(&mut self, change: impl Fn(&C, O) -> O + Send + Sync + 'static) {
        self.around(move |next, context, input| change(context, next.run(context, input)));
    }

    /// Decides whether, how often and with what the step is taken. `next` may be kept beyond the call.
    pub fn around(&mut self, change: impl Fn(&Self, &C, I) -> O + Send + Sync + 'static) {
        let next = self.clone();
        self.step = Arc::new(move |context, input| change(&next, context, input));
    }

    /// Puts another step in its place. Two that replace the same stage exclude each other.
    ///
    /// # Panics
    /// When the step was replaced before: the two must be declared to exclude each other.
    pub fn replace(&mut self, step: impl Fn(&C, I) -> O + Send + Sync + 'static) {
        assert!(!self.is_replaced, "two replace the same stage and do not say that they exclude each other");
        *self = Self { step: Arc::new(step), is_replaced: true };
    }
}

impl<C, I, O> Clone for Stage<C, I, O> {
    fn clone(&self) -> Self {
        Self { step: Arc::clone(&self.step), is_replaced: self.is_replaced }
    }
}

impl<C, I, O> fmt::Debug for Stage<C, I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage").field("is_replaced", &self.is_replaced).finish_non_exhaustive()
    }
}
