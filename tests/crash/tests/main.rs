//! A sample of the cut points, and that the harness finds what it looks for. `tests/crash/run` tries all of them.

use cairn_crash::cuts::{Cut, Fate, files_written, without_syncs};
use cairn_crash::disk::Step;
use cairn_crash::operations::{self, Operation};
use cairn_crash::points::{Tried, expected, kills, power_cut, power_cuts, record};

#[track_caller]
fn none_lost(found: &Tried) {
    assert!(found.tried > 0);
    assert!(
        found.lost.is_empty(),
        "{} of {} points are lost, the first is {}\n{}",
        found.lost.len(),
        found.tried,
        found.lost[0].0,
        found.lost[0].1
    );
}

fn sample(operation: &Operation, most_kills: usize, most_cuts: usize) {
    none_lost(&kills(operation, most_kills));
    none_lost(&power_cuts(operation, &record(operation), most_cuts));
}

#[test]
fn an_add_that_is_cut_short_loses_nothing() {
    sample(&operations::add(), 20, 25);
}

#[test]
fn a_build_that_is_cut_short_loses_nothing() {
    sample(&operations::build(), 10, 12);
}

#[test]
fn a_collection_that_is_cut_short_loses_nothing() {
    sample(&operations::collection(), 15, 15);
}

#[test]
fn a_switch_that_is_cut_short_loses_nothing() {
    sample(&operations::switch(), 3, 3);
}

#[test]
fn a_first_switch_that_is_killed_loses_nothing() {
    none_lost(&kills(&operations::first_switch(), 4));
}

#[test]
fn a_lock_that_is_cut_short_loses_nothing() {
    let operation = operations::lock();
    sample(&operation, usize::MAX, usize::MAX);
    let (expected, recording) = (expected(&operation), record(&operation));
    for fate in [Fate::ContentsLost, Fate::AllLost] {
        let after = recording.steps.len();
        power_cut(&operation, &recording, Cut { after, fate }, &expected)
            .expect("it is durable when the command ends");
    }
}

/// The worst that can happen right after the command has ended.
fn at_the_end(steps: usize) -> Cut {
    Cut {
        after: steps,
        fate: Fate::ContentsLost,
    }
}

#[test]
fn a_forgotten_sync_is_found() {
    let operation = operations::add();
    let expected = expected(&operation);
    let recording = record(&operation);
    assert!(files_written(&recording) > 10);
    let end = at_the_end(recording.steps.len());
    power_cut(&operation, &recording, end, &expected).expect("with its syncs the add is durable");
    let forgetful = without_syncs(&recording, |step| matches!(step, Step::SyncAll));
    let end = at_the_end(forgetful.steps.len());
    let why = power_cut(&operation, &forgetful, end, &expected).expect_err("the contents are lost");
    assert!(why.starts_with("after the cut"), "{why}");
}

#[test]
fn a_forgotten_sync_of_a_first_switch_is_found() {
    let operation = operations::first_switch();
    let expected = expected(&operation);
    let recording = record(&operation);
    let end = at_the_end(recording.steps.len());
    power_cut(&operation, &recording, end, &expected).expect("with its syncs it is durable");
    let forgetful = without_syncs(&recording, |step| matches!(step, Step::SyncAll));
    let end = at_the_end(forgetful.steps.len());
    power_cut(&operation, &forgetful, end, &expected).expect_err("the contents are lost");
}

#[test]
fn what_is_gone_although_the_command_had_ended_is_found_before_it_runs_again() {
    let operation = operations::lock();
    let expected = expected(&operation);
    let recording = without_syncs(&record(&operation), |_| true);
    for fate in [Fate::ContentsLost, Fate::AllLost] {
        let after = recording.steps.len();
        let cut = Cut { after, fate };
        let why = power_cut(&operation, &recording, cut, &expected).expect_err("it is gone");
        assert!(why.starts_with("the command had ended"), "{why}");
    }
}

#[test]
fn a_program_that_registers_before_it_commits_is_found() {
    let operation = operations::add_without_commit();
    let expected = expected(&operation);
    let recording = record(&operation);
    let end = at_the_end(recording.steps.len());
    power_cut(&operation, &recording, end, &expected).expect_err("the contents are lost");
}
