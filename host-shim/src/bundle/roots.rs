//! The paths that a bundle owns ("roots" of OPA's bundle manifest): ours, and the user's.
//!
//! OPA refuses a bundle with a package or data outside its roots, and two bundles whose roots overlap.

use wasm_policy::text::shown;

use super::{
    claims::{Claim, Kind},
    error::Error,
    ours::{self, Root},
};

/// The user's roots where they were named; each is a path of segments that are not empty.
#[derive(Debug)]
pub(super) struct Roots(Vec<Vec<String>>);

impl Roots {
    /// Reads roots as they are named on the command line; none means that they follow from the files.
    pub(super) fn named(roots: &[String]) -> Result<Self, Error> {
        let mut read: Vec<Vec<String>> = Vec::new();
        for root in roots {
            let wrong = |why: String| Error::Root { root: root.clone(), why };
            let path: Vec<String> = root.split('/').map(str::to_owned).collect();
            if path.iter().any(String::is_empty) {
                return Err(wrong("write names with one slash between them, as in acme/images".to_owned()));
            }
            if let Some(ours) = ours::ROOTS.iter().find(|ours| overlap(&path, &segments(ours))) {
                return Err(wrong(format!("overlaps {}, which is the bundle's own", ours.path)));
            }
            if let Some(other) = read.iter().find(|other| overlap(&path, other)) {
                return Err(wrong(format!("overlaps --root {}; name the shorter one alone", other.join("/"))));
            }
            read.push(path);
        }
        Ok(Self(read))
    }

    /// Whether something at this path may only hold other things, each at a path of its own.
    pub(super) fn is_above(&self, path: &[String]) -> bool {
        let ours = ours::ROOTS.iter().map(segments);
        path.is_empty()
            || ours.chain(self.0.iter().cloned()).any(|root| root.len() > path.len() && contains(path, &root))
    }

    /// All roots of a bundle whose user's files claim these paths.
    pub(super) fn hold(self, claims: Vec<Claim>) -> Result<Vec<String>, Error> {
        for claim in &claims {
            refuse_ours(claim)?;
        }
        let mut roots = match self.0.as_slice() {
            [] => smallest(claims.into_iter().map(expressible).collect::<Result<_, _>>()?),
            named => {
                let outside = |claim: &Claim| !named.iter().any(|root| contains(root, &claim.path));
                if let Some(claim) = claims.iter().find(|claim| outside(claim)).cloned() {
                    let roots: Vec<_> = named.iter().map(|root| root.join("/")).collect();
                    let what = claim.to_string();
                    return Err(Error::Outside { place: claim.place, what, roots: roots.join(", ") });
                }
                for claim in &claims {
                    refuse_unsayable(claim, named)?;
                }
                self.0
            }
        };
        roots.extend(ours::ROOTS.iter().map(segments));
        roots.sort();
        Ok(roots.into_iter().map(|root| root.join("/")).collect())
    }
}

fn refuse_ours(claim: &Claim) -> Result<(), Error> {
    for Root { path, why } in &ours::ROOTS {
        let ours: Vec<String> = path.split('/').map(str::to_owned).collect();
        let relation = match () {
            () if contains(&ours, &claim.path) => "lies in",
            () if contains(&claim.path, &ours) => "holds",
            () => continue,
        };
        return Err(Error::Ours { place: claim.place.clone(), what: claim.to_string(), relation, root: path, why });
    }
    Ok(())
}

/// A root that was named, covers the claim and has a segment that no root can say.
fn refuse_unsayable(claim: &Claim, named: &[Vec<String>]) -> Result<(), Error> {
    let covering = named.iter().find(|root| contains(root, &claim.path));
    let unsayable =
        covering.and_then(|root| Some((root, root.iter().find(|segment| !is_sayable(claim.kind, segment))?)));
    let Some((root, segment)) = unsayable else { return Ok(()) };
    Err(Error::Wrong(
        claim.place.clone(),
        format!(
            "{claim}: {} in --root {} is read as another name by versions of OPA; end the root before it, or choose another name",
            shown(segment),
            shown(&root.join("/"))
        ),
    ))
}

/// The claim's path as far as a root can say it.
fn expressible(claim: Claim) -> Result<Vec<String>, Error> {
    let what = claim.to_string();
    let Claim { kind, path: whole, place } = claim;
    let path: Vec<String> = whole.into_iter().take_while(|segment| is_sayable(kind, segment)).collect();
    if path.is_empty() {
        return Err(Error::Wrong(
            place,
            format!(
                "{what}: a first name that is empty, or has a slash or a percent sign, can be no root; choose another"
            ),
        ));
    }
    // The whole path lies beside ours, and what is left of it may not.
    if let Some(ours) = ours::ROOTS.iter().find(|ours| overlap(&path, &segments(ours))) {
        return Err(Error::Wrong(
            place,
            format!(
                "{what}: its root would be {}, since a root cannot say the name after it, and that overlaps {}, which is the bundle's own; choose another name",
                path.join("/"),
                ours.path
            ),
        ));
    }
    Ok(path)
}

/// Whether a root can have this segment. Versions of OPA compare a package's names as they are escaped in a URL (`url.PathEscape` of Go), and data's as
/// they are; and OPA takes escapes out of a root before it stores data there, so that data at `a%20b` would be lost without a word.
fn is_sayable(kind: Kind, segment: &str) -> bool {
    let stays = |b: u8| b.is_ascii_alphanumeric() || b"-_.~$&+:=@".contains(&b);
    !segment.is_empty()
        && match kind {
            Kind::Package => segment.bytes().all(stays),
            Kind::Data => !segment.contains(['/', '%']),
        }
}

/// The paths without those that others contain.
fn smallest(mut paths: Vec<Vec<String>>) -> Vec<Vec<String>> {
    paths.sort();
    // In this order the shortest of those that overlap comes first, and the others right after it.
    paths.dedup_by(|next, kept| contains(kept, next));
    paths
}

fn overlap(a: &[String], b: &[String]) -> bool {
    contains(a, b) || contains(b, a)
}

fn contains(root: &[String], path: &[String]) -> bool {
    path.starts_with(root)
}

fn segments(root: &Root) -> Vec<String> {
    root.path.split('/').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bundle::error::Place;

    fn package(path: &[&str]) -> Claim {
        let path = path.iter().map(|segment| (*segment).to_owned()).collect();
        Claim { kind: Kind::Package, path, place: Place::line(&Arc::from("p.rego"), 3) }
    }

    fn hold(roots: &[&str], claims: &[&[&str]]) -> Result<Vec<String>, String> {
        let roots: Vec<_> = roots.iter().map(|root| (*root).to_owned()).collect();
        let named = Roots::named(&roots).map_err(|error| error.to_string())?;
        named.hold(claims.iter().map(|path| package(path)).collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn roots_are_the_shortest_paths_of_what_is_defined() {
        let held = hold(&[], &[&["acme", "images"], &["zoo"], &["acme", "images", "deep"], &["acme", "images_test"]]);
        assert_eq!(held.unwrap(), ["acme/images", "acme/images_test", "image_integrity", "system/log", "zoo"]);
        assert_eq!(hold(&[], &[]).unwrap(), ["image_integrity", "system/log"]);
    }

    #[test]
    fn what_overlaps_a_root_of_ours_is_refused_with_its_line() {
        for (path, told) in [
            (&["image_integrity"][..], "p.rego:3: package image_integrity lies in image_integrity"),
            (&["image_integrity", "verify"], "p.rego:3: package image_integrity.verify lies in image_integrity"),
            (&["system", "log"], "p.rego:3: package system.log lies in system/log"),
            (&["system"], "p.rego:3: package system holds system/log"),
        ] {
            for roots in [&[][..], &["acme"]] {
                let error = hold(roots, &[path]).unwrap_err();
                assert!(error.starts_with(told), "{error}");
            }
        }
        assert!(hold(&[], &[&["system", "authz"], &["system", "log_test"], &["image_integrity_x"]]).is_ok());
    }

    #[test]
    fn named_roots_are_the_users_roots_and_must_cover_all() {
        assert_eq!(hold(&["acme"], &[&["acme", "images"]]).unwrap(), ["acme", "image_integrity", "system/log"]);
        assert_eq!(
            hold(&["acme/x", "zoo"], &[&["zoo"], &["acme", "images"]]).unwrap_err(),
            "p.rego:3: package acme.images is outside the roots that --root names: acme/x, zoo"
        );
    }

    #[test]
    fn a_root_that_opa_would_refuse_is_told() {
        for (roots, told) in [
            (&[""][..], "--root : write names"),
            (&["/acme"], "--root /acme: write names"),
            (&["acme/"], "--root acme/: write names"),
            (&["acme", "acme/images"], "--root acme/images: overlaps --root acme"),
            (&["acme", "acme"], "--root acme: overlaps --root acme"),
            (&["system"], "--root system: overlaps system/log"),
            (&["image_integrity/x"], "--root image_integrity/x: overlaps image_integrity"),
        ] {
            let error = hold(roots, &[]).unwrap_err();
            assert!(error.starts_with(told), "{error}");
        }
    }

    #[test]
    fn a_name_that_no_root_can_say_ends_the_root_before_it() {
        assert_eq!(hold(&[], &[&["acme", "a/b", "c"]]).unwrap(), ["acme", "image_integrity", "system/log"]);
        assert!(hold(&[], &[&["a/b"]]).unwrap_err().contains("can be no root"));
    }

    #[test]
    fn a_package_that_opa_escapes_has_a_root_before_its_odd_name() {
        let ours = ["image_integrity", "system/log"];
        for odd in ["a b", "é", "100%", "a,b", "a;b", "a?b", "a#b", "(a)", "a!", "*", "'", "\"", "\\", ""] {
            assert_eq!(hold(&[], &[&["acme", odd, "c"]]).unwrap(), ["acme", ours[0], ours[1]], "{odd}");
        }
        let plain = "aZ09-_.~$&+:=@";
        assert_eq!(hold(&[], &[&["acme", plain]]).unwrap(), [&format!("acme/{plain}"), ours[0], ours[1]]);
        assert_eq!(
            hold(&["acme/a b"], &[&["acme", "a b", "c"]]).unwrap_err(),
            "p.rego:3: package acme.a b.c: a b in --root acme/a b is read as another name by versions of OPA; end the root before it, or choose another name"
        );
        assert_eq!(hold(&["acme"], &[&["acme", "a b", "c"]]).unwrap(), ["acme", ours[0], ours[1]]);
        let data = Claim { kind: Kind::Data, ..package(&["acme", "a b"]) };
        for roots in [&[][..], &["acme/a b".to_owned()]] {
            let held = Roots::named(roots).unwrap().hold(vec![data.clone()]).unwrap();
            assert_eq!(held, ["acme/a b", ours[0], ours[1]]);
        }
    }

    #[test]
    fn data_that_opa_would_store_elsewhere_has_a_root_before_its_odd_name() {
        let data = |path: &[&str]| Claim { kind: Kind::Data, ..package(path) };
        let held = |roots: &[&str], path: &[&str]| {
            let roots: Vec<_> = roots.iter().map(|root| (*root).to_owned()).collect();
            Roots::named(&roots).unwrap().hold(vec![data(path)]).map_err(|error| error.to_string())
        };
        assert_eq!(held(&[], &["acme", "a%20b", "c"]).unwrap(), ["acme", "image_integrity", "system/log"]);
        assert_eq!(
            held(&[], &["100%"]).unwrap_err(),
            "p.rego:3: data.100%: a first name that is empty, or has a slash or a percent sign, can be no root; choose another"
        );
        assert_eq!(
            held(&["100%"], &["100%", "a"]).unwrap_err(),
            "p.rego:3: data.100%.a: 100% in --root 100% is read as another name by versions of OPA; end the root before it, or choose another name"
        );
    }

    #[test]
    fn a_root_that_would_hold_ours_once_it_is_cut_is_refused() {
        let rest = "its root would be system, since a root cannot say the name after it, and that overlaps system/log, which is the bundle's own; choose another name";
        assert_eq!(hold(&[], &[&["system", "a/b"]]).unwrap_err(), format!("p.rego:3: package system.a/b: {rest}"));
        let data = Claim { kind: Kind::Data, ..package(&["system", "a/b"]) };
        let error = Roots::named(&[]).unwrap().hold(vec![data]).unwrap_err();
        assert_eq!(error.to_string(), format!("p.rego:3: data.system.a/b: {rest}"));
    }
}
