//! A stage of a pipeline: one step of a reference subject, as a value that can be wrapped from outside.
//!
//! What lives here is the mechanism. What the stages of a subject are is said where the subject is; what a mutant or a
//! variant does to them, in its own file.

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

/// One step of a subject: what it knows and an input in, an output out.
///
/// A step that waits is an [`AsyncStage`].
pub struct Stage<C, I, O> {
    step: Step<C, I, O>,
    is_replaced: bool,
}

/// A step of a subject that waits for its output: a vendor's answer, a moment, another request.
pub type AsyncStage<C, I, O> = Stage<C, I, BoxFuture<'static, O>>;

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

impl<C: Clone + 'static, I: 'static, O: 'static> AsyncStage<C, I, O> {
    /// The step that an async function takes.
    pub fn new_async<F>(step: impl Fn(C, I) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = O> + Send + 'static,
    {
        Self::new(move |context: &C, input| step(context.clone(), input).boxed())
    }

    /// Decides like [`Stage::around`], with an async function.
    pub fn around_async<F>(&mut self, change: impl Fn(Self, C, I) -> F + Send + Sync + 'static)
    where
        F: Future<Output = O> + Send + 'static,
    {
        self.around(move |next, context, input| change(next.clone(), context.clone(), input).boxed());
    }
}

impl<C: Clone + Send + Sync + 'static, I: Send + 'static, O: Send + 'static> AsyncStage<C, I, O> {
    /// Changes what goes in, with an async function.
    pub fn before_async<F>(&mut self, change: impl Fn(C, I) -> F + Send + Sync + 'static)
    where
        F: Future<Output = I> + Send + 'static,
    {
        self.around_async(move |next, context, input| {
            let changed = change(context.clone(), input);
            async move {
                let input = changed.await;
                next.run(&context, input).await
            }
        });
    }

    /// Changes what has been waited for.
    pub fn then(&mut self, change: impl Fn(&C, O) -> O + Clone + Send + Sync + 'static) {
        self.around_async(move |next, context, input| {
            let (output, change) = (next.run(&context, input), change.clone());
            async move { change(&context, output.await) }
        });
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
