//! The search through generated inputs: it judges them, and shrinks what it finds wrong.
//!
//! What the inputs are belongs to a kind of subject. proptest makes and shrinks the values; judging is asynchronous and remote, so the search drives
//! proptest's value trees itself. The same seed gives the same inputs.

use std::future::Future;

use futures_util::future::join_all;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::run::case::CaseContext;
use crate::run::case::Input;
use crate::run::outcome::Stop;

/// Inputs of a list that may be judged wrong and then right before the search gives up.
const DOUBTS: usize = 4;
/// Steps of shrinking at most; each costs a submit.
const SHRINKS: usize = 80;

/// The smallest input found that is judged wrong.
#[derive(Debug)]
pub struct Minimal<T, F> {
    /// The input.
    pub input: T,
    /// What is wrong with it, as it was judged last.
    pub fault: F,
    /// Which of the generated inputs led to it, from 1.
    pub at: usize,
    /// How many smaller ones were tried.
    pub shrinks: usize,
}

/// Judges generated inputs until one is wrong, shrinks it, and returns the smallest that still is.
///
/// What is returned was judged itself, and twice: a gateway that is wrong once and right when asked
/// the same again may have had a bad moment, and is not accused. A replay judges the input it names
/// first; if that is right now, everything is judged as in the first run.
pub async fn search<S, F, J, A>(
    context: &impl CaseContext,
    strategy: S,
    judge: J,
) -> Result<Option<Minimal<S::Value, F>>, Stop>
where
    S: Strategy,
    S::Tree: Send,
    S::Value: Clone + Send,
    F: Send,
    J: Fn(S::Value) -> A + Send + Sync,
    A: Future<Output = Result<Option<F>, Stop>> + Send,
{
    if let Some(Input { at, path }) = context.input() {
        let mut tree = tree(context.seed(), at, &strategy)?;
        walk(&mut tree, &path);
        let input = tree.current();
        if let Some(fault) = judge(input.clone()).await? {
            let found = Minimal { input, fault, at, shrinks: path.len() };
            return confirmed(context, found, path, &judge).await.map(Some);
        }
    }
    let numbers: Vec<usize> = (1..=context.inputs()).collect();
    for together in numbers.chunks(context.abreast().max(1)) {
        let drawn = |at: &usize| tree(context.seed(), *at, &strategy).map(|tree| (*at, tree.current()));
        let inputs = together.iter().map(drawn).collect::<Result<Vec<_>, Stop>>()?;
        let Some(mut best) = wrong_ones(inputs, &judge).await?.into_iter().next() else { continue };
        let mut tree = tree(context.seed(), best.at, &strategy)?;
        // What became of each smaller value, and how many of those lead to the best one.
        let (mut path, mut kept) = (Vec::new(), 0);
        let mut moved = tree.simplify();
        while moved && path.len() < SHRINKS {
            let smaller = tree.current();
            moved = match judge(smaller.clone()).await {
                Ok(Some(fault)) => {
                    path.push(true);
                    kept = path.len();
                    best = Minimal { input: smaller, fault, ..best };
                    tree.simplify()
                }
                Ok(None) => {
                    path.push(false);
                    tree.complicate()
                }
                // Nothing smaller can be judged, for want of budget say; what was found stays found.
                Err(_) => false,
            };
        }
        best.shrinks = path.len();
        path.truncate(kept);
        return confirmed(context, best, path, &judge).await.map(Some);
    }
    Ok(None)
}

/// Judges the chosen ones of a list whose order is that of their size, until one is wrong, and returns it:
/// it needs no shrinking. What is returned was judged twice; a replay judges what it names first.
pub async fn every<T, F, J, A>(
    context: &impl CaseContext,
    list: &[T],
    chosen: impl Fn(&T) -> bool + Send,
    judge: J,
) -> Result<Option<Minimal<T, F>>, Stop>
where
    T: Clone + Send + Sync,
    F: Send,
    J: Fn(T) -> A + Send + Sync,
    A: Future<Output = Result<Option<F>, Stop>> + Send,
{
    let numbered = |(at, input): (usize, &T)| (at + 1, input.clone());
    if let Some(Input { at, .. }) = context.input() {
        let named: Vec<(usize, T)> =
            list.iter().enumerate().map(numbered).filter(|one| one.0 == at).collect();
        if let Some(found) = wrong_ones(named, &judge).await?.pop() {
            return confirmed(context, found, Vec::new(), &judge).await.map(Some);
        }
    }
    let mut doubts: Vec<String> = Vec::new();
    let all: Vec<(usize, T)> =
        list.iter().enumerate().filter(|(_, input)| chosen(input)).map(numbered).collect();
    for together in all.chunks(context.abreast().max(1)) {
        for found in wrong_ones(together.to_vec(), &judge).await? {
            match confirmed(context, found, Vec::new(), &judge).await {
                // A race is lost now and then; one that is lost again may come later.
                Err(Stop::Inconclusive(why)) if doubts.len() < DOUBTS => doubts.push(why),
                verdict => return verdict.map(Some),
            }
        }
    }
    doubts.into_iter().next().map_or(Ok(None), |why| Err(Stop::Inconclusive(why)))
}

/// Judges inputs side by side; those that are wrong, in their order.
async fn wrong_ones<T, F, J, A>(inputs: Vec<(usize, T)>, judge: &J) -> Result<Vec<Minimal<T, F>>, Stop>
where
    T: Clone,
    J: Fn(T) -> A,
    A: Future<Output = Result<Option<F>, Stop>>,
{
    let judged = inputs.into_iter().map(|(at, input)| {
        let verdict = judge(input.clone());
        async move { (at, input, verdict.await) }
    });
    let mut wrong = Vec::new();
    for (at, input, verdict) in join_all(judged).await {
        match verdict {
            Ok(Some(fault)) => wrong.push(Minimal { input, fault, at, shrinks: 0 }),
            Ok(None) => {}
            // What was found before it stays found.
            Err(_) if !wrong.is_empty() => break,
            Err(stop) => return Err(stop),
        }
    }
    Ok(wrong)
}

/// Judges what was found once more.
async fn confirmed<T, F, J, A>(
    context: &impl CaseContext,
    found: Minimal<T, F>,
    path: Vec<bool>,
    judge: &J,
) -> Result<Minimal<T, F>, Stop>
where
    T: Clone,
    J: Fn(T) -> A,
    A: Future<Output = Result<Option<F>, Stop>>,
{
    context.found(Input { at: found.at, path });
    match judge(found.input.clone()).await {
        Ok(Some(fault)) => Ok(Minimal { fault, ..found }),
        Ok(None) => Err(Stop::Inconclusive(format!(
            "input {} of seed {} was judged wrong, and right when it was judged again; replay it",
            found.at,
            context.seed()
        ))),
        // It could not be asked again; that takes nothing away from what was seen.
        Err(_) => Ok(found),
    }
}

/// Goes the way that a search went.
fn walk(tree: &mut impl ValueTree, path: &[bool]) {
    let Some((_, before)) = path.split_last() else { return };
    let mut moved = tree.simplify();
    for wrong in before {
        if !moved {
            return;
        }
        moved = if *wrong { tree.simplify() } else { tree.complicate() };
    }
}

/// Each input has a runner of its own, so that what came before does not change it.
fn tree<S: Strategy>(seed: u64, at: usize, strategy: &S) -> Result<S::Tree, Stop> {
    let mut bytes = [0_u8; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&(at as u64).to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { failure_persistence: None, ..Config::default() };
    strategy
        .new_tree(&mut TestRunner::new_with_rng(config, rng))
        .map_err(|reason| Stop::HarnessError(format!("no input could be generated: {reason}")))
}
