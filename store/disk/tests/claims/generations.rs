use crate::support::{machine, new_generation};
use cairn_disk::{Error, GcOptions, GcPlan, GenerationState};

#[test]
fn a_generation_is_recorded_with_a_link_to_its_system() {
    let m = machine();
    let system = m.path("system", &["init=1"], &[]);
    let made = m.store.generations().add(new_generation(&system)).unwrap();
    assert_eq!((made.number, &made.state), (1, &GenerationState::Pending));
    assert_eq!(m.store.generations().get(1).unwrap(), made);
    assert_eq!(made.date.to_string(), "2025-01-02T03:04:05Z");
    m.store.ensure_materialised(&system).unwrap();
    assert_eq!(
        std::fs::read(m.store.generations().system_link(1).join("init")).unwrap(),
        b"1"
    );
    assert_eq!(m.store.generations().default().unwrap(), None);
    assert_eq!(m.store.generations().booted().unwrap(), None);
}

#[test]
fn a_number_is_never_given_twice() {
    let m = machine();
    let system = m.path("system", &["init=1"], &[]);
    for expected in 1..=3 {
        assert_eq!(
            m.store
                .generations()
                .add(new_generation(&system))
                .unwrap()
                .number,
            expected
        );
    }
    m.store.generations().set_default(1).unwrap();
    let lock = m.collecting();
    let options = GcOptions {
        keep: Some(0),
        ..GcOptions::default()
    };
    let plan = GcPlan::new(&m.store.snapshot().unwrap(), &options).unwrap();
    assert_eq!(plan.generations, [2, 3]);
    m.store.apply(&lock, &plan).unwrap();
    drop(lock);
    assert_eq!(
        m.store
            .generations()
            .add(new_generation(&system))
            .unwrap()
            .number,
        4
    );
    // Also when the file with the last number is lost.
    std::fs::remove_file(m.store.layout().last_number()).unwrap();
    assert_eq!(
        m.store
            .generations()
            .add(new_generation(&system))
            .unwrap()
            .number,
        5
    );
}

#[test]
fn one_unreadable_record_is_reported_and_the_others_stay_usable() {
    let m = machine();
    let system = m.path("system", &["init=1"], &[]);
    for _ in 0..3 {
        m.generation(&system, GenerationState::Good);
    }
    std::fs::write(m.store.layout().generation_record(2), "{ \"number\": ").unwrap();
    let listing = m.store.generations().list().unwrap();
    assert_eq!(
        listing
            .generations
            .iter()
            .map(|it| it.number)
            .collect::<Vec<_>>(),
        [1, 3]
    );
    assert!(matches!(
        &listing.unreadable[..],
        [(2, Error::Record { .. })]
    ));
    assert!(matches!(
        m.store.generations().set_default(2),
        Err(Error::Record { .. })
    ));
    m.store.generations().set_default(3).unwrap();
    assert_eq!(m.store.generations().default().unwrap(), Some(3));
}

#[test]
fn state_pin_and_description_are_kept() {
    let m = machine();
    let system = m.path("system", &["init=1"], &[]);
    m.store.generations().add(new_generation(&system)).unwrap();
    let failed = GenerationState::Failed {
        why: "no network".into(),
    };
    m.store.generations().set_state(1, failed.clone()).unwrap();
    m.store.generations().pin(1, true).unwrap();
    m.store
        .generations()
        .describe(1, "before the storm")
        .unwrap();
    let read = m.store.generations().get(1).unwrap();
    assert_eq!(
        (read.state, read.pinned, read.description.as_str()),
        (failed, true, "before the storm")
    );
}

#[test]
fn a_generation_needs_a_system_that_is_there() {
    let m = machine();
    let system = m.path("system", &["init=1"], &[]);
    std::fs::remove_file(m.store.layout().path_record(&system)).unwrap();
    let refused = m.store.generations().add(new_generation(&system));
    assert!(matches!(refused, Err(Error::Missing { what: "path", .. })));
    assert!(matches!(
        m.store.generations().set_default(1),
        Err(Error::Missing {
            what: "generation",
            ..
        })
    ));
}
