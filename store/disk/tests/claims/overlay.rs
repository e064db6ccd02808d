use crate::support::in_namespace;
use cairn_disk::{IngestOptions, Store};
use std::fs;
use std::process::Command;

/// Mounts real overlays, privileged attributes or not, changes things and compares what is ingested.
#[test]
fn the_upper_folder_on_the_lower_is_what_the_overlay_showed() {
    let test = "overlay::the_upper_folder_on_the_lower_is_what_the_overlay_showed";
    let Some(dir) = in_namespace(test, "mkdir lower upper work merged machine") else {
        return;
    };
    let sh = |script: &str| {
        let ran = Command::new("sh")
            .args(["-euc", script])
            .current_dir(&dir)
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    };
    sh("cd lower; mkdir -p etc/keep etc/gone etc/opaque/deep usr; echo 1 >etc/keep/a; echo 2 >etc/keep/b
        echo 3 >etc/gone/c; echo 4 >etc/opaque/old; echo 5 >etc/opaque/deep/x; ln -s usr lib; echo 6 >usr/tool
        echo 7 >was-file; mkdir was-folder; echo 8 >was-folder/y");
    sh("mount -t overlay -o userxattr,lowerdir=lower,upperdir=upper,workdir=work overlay merged");
    sh("cd merged; echo new >etc/keep/a; rm etc/keep/b; rm -r etc/gone; rm -r etc/opaque; mkdir etc/opaque
        echo n >etc/opaque/new; rm lib; mkdir lib; echo l >lib/l; chmod 700 usr/tool; rm was-file; mkdir was-file
        echo z >was-file/z; rm -r was-folder; ln -s usr was-folder");
    let store = Store::open(&dir.join("machine")).unwrap();
    let options = IngestOptions::default();
    let shown = store.ingest_tree(&dir.join("merged"), &options).unwrap();
    sh("umount merged");
    let base = store.ingest_tree(&dir.join("lower"), &options).unwrap();
    let delta = store
        .ingest_overlay_upper(&dir.join("upper"), &options)
        .unwrap();
    assert!(
        delta.removed.contains("etc/keep/b") && delta.removed.contains("etc/gone"),
        "{:?}",
        delta.removed
    );
    assert_eq!(base.overlay(&delta).unwrap(), shown);
    assert!(delta.upserts.values().all(|entry| entry.xattrs.is_empty()));

    // The other form of a whiteout: an empty file with an attribute.
    fs::write(dir.join("upper/etc/keep/white"), "").unwrap();
    let white = fs::File::open(dir.join("upper/etc/keep/white")).unwrap();
    cairn_sys::fs::set_xattr(&white, "user.overlay.whiteout", b"y").unwrap();
    let delta = store
        .ingest_overlay_upper(&dir.join("upper"), &options)
        .unwrap();
    assert!(
        delta.removed.contains("etc/keep/white") && !delta.upserts.contains_key("etc/keep/white")
    );
}
