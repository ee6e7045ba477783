//! Which signatures are tried by whom: the limit of each verifier, over the whole listing.

use super::{judge::Judge, listing::Candidate};

/// A member of a group and the judges that are to judge it: those whose limit is not reached.
pub(super) struct Member<'b, 'r> {
    pub(super) position: usize,
    pub(super) candidate: &'b Candidate<'r>,
    pub(super) judges: Vec<&'b Judge<'r>>,
    /// Whether some judge is past its limit.
    pub(super) limited: bool,
}

/// Whom the limit of each judge lets judge which candidate, in listing order.
pub(super) fn members<'b, 'r>(candidates: &'b [Candidate<'r>], judges: &[&'b Judge<'r>]) -> Vec<Member<'b, 'r>> {
    let mut tried = vec![0; judges.len()];
    let mut members = Vec::new();
    for (position, candidate) in candidates.iter().enumerate() {
        let mut member = Member { position, candidate, judges: Vec::new(), limited: false };
        for (judge, tried) in judges.iter().zip(&mut tried).filter(|(judge, _)| judge.takes(&candidate.artifact_type)) {
            if *tried < judge.verifier.max_signatures {
                *tried += 1;
                member.judges.push(judge);
            } else {
                member.limited = true;
            }
        }
        members.push(member);
    }
    members
}
