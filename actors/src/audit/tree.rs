//! The Merkle tree over the log's lines (RFC 6962, section 2.1): what makes one short signed statement speak for every entry.
//!
//! A leaf is the hash of a line without its newline. Nodes of complete subtrees never change, so they are kept in the order in which they
//! become complete (each leaf, followed by the nodes above it that it completes), and every proof is made of them.

use std::io;

use sha2::{Digest, Sha256};

/// A node of the tree.
pub(super) type Hash = [u8; 32];

const LEAF_PREFIX: &[u8] = &[0];
const NODE_PREFIX: &[u8] = &[1];

/// The leaf of a line, which is given without its newline.
pub(super) fn leaf_hash(line: &[u8]) -> Hash {
    Sha256::new().chain_update(LEAF_PREFIX).chain_update(line).finalize().into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update(NODE_PREFIX).chain_update(left).chain_update(right).finalize().into()
}

/// The root of a tree without leaves.
fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The complete subtrees that a tree is made of, largest first: enough to go on from, and to know the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// How many leaves the tree has.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; appends the nodes that are complete with it, itself first, to `completed`.
    pub(super) fn push(&mut self, leaf: Hash, completed: &mut Vec<Hash>) {
        self.size += 1;
        let mut node = leaf;
        completed.push(node);
        for _ in 0..self.size.trailing_zeros() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
                completed.push(node);
            }
        }
        self.peaks.push(node);
    }

    /// The root of the tree.
    pub(super) fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return empty_root() };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// How many nodes are complete in a tree of so many leaves.
pub(super) fn stored_nodes(leaves: u64) -> u64 {
    2 * leaves - u64::from(leaves.count_ones())
}

/// Where complete nodes are read.
pub(super) trait Nodes {
    /// The node whose subtree has `2^level` leaves, of which the first is number `index * 2^level`; from 0.
    fn node(&self, level: u32, index: u64) -> io::Result<Hash>;
}

/// The place of a node among those that are kept, in the order in which they become complete.
pub(super) fn stored_place(level: u32, index: u64) -> u64 {
    stored_nodes(((index + 1) << level) - 1) + u64::from(level)
}

/// The root that the tree had when it had so many leaves.
pub(super) fn root_of(nodes: &impl Nodes, size: u64) -> io::Result<Hash> {
    if size == 0 { Ok(empty_root()) } else { subtree(nodes, 0, size) }
}

/// The proof that leaf number `leaf`, from 0, is in the tree of `size` leaves: `PATH(m, D[n])` of RFC 6962, section 2.1.1.
pub(super) fn inclusion(nodes: &impl Nodes, leaf: u64, size: u64) -> io::Result<Vec<Hash>> {
    let (mut start, mut end, mut path) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + split(end - start);
        if leaf < middle {
            path.push(subtree(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(subtree(nodes, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `to` leaves begins with the tree of `from`: `PROOF(m, D[n])` of RFC 6962, section 2.1.2. It is empty for a
/// tree without leaves and for two that are the same.
pub(super) fn consistency(nodes: &impl Nodes, from: u64, to: u64) -> io::Result<Vec<Hash>> {
    let (mut start, mut end, mut path) = (0, to, Vec::new());
    if from == 0 {
        return Ok(path);
    }
    while from < end {
        let middle = start + split(end - start);
        if from <= middle {
            path.push(subtree(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(subtree(nodes, start, middle)?);
            start = middle;
        }
    }
    // The verifier knows the root of the old tree, so that is left out where it is a node itself.
    if start > 0 {
        path.push(subtree(nodes, start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// The largest power of two that is smaller than a length of more than one.
fn split(length: u64) -> u64 {
    1 << (63 - (length - 1).leading_zeros())
}

/// The root over leaves `start` to before `end`, where `start` is aligned as the tree's own subtrees are.
fn subtree(nodes: &impl Nodes, start: u64, end: u64) -> io::Result<Hash> {
    let length = end - start;
    if length.is_power_of_two() {
        let level = length.trailing_zeros();
        return nodes.node(level, start >> level);
    }
    let middle = start + split(length);
    Ok(node_hash(&subtree(nodes, start, middle)?, &subtree(nodes, middle, end)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The leaves of the well-known test vectors for RFC 6962.
    const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    /// Their roots, for one leaf to eight.
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    struct Kept(Vec<Hash>);

    impl Nodes for Kept {
        fn node(&self, level: u32, index: u64) -> io::Result<Hash> {
            Ok(self.0[usize::try_from(stored_place(level, index)).unwrap()])
        }
    }

    fn grown(leaves: &[Vec<u8>]) -> (Frontier, Kept) {
        let (mut frontier, mut nodes) = (Frontier::default(), Vec::new());
        for leaf in leaves {
            frontier.push(leaf_hash(leaf), &mut nodes);
        }
        assert_eq!(u64::try_from(nodes.len()).unwrap(), stored_nodes(frontier.size()));
        (frontier, Kept(nodes))
    }

    /// `MTH(D[n])` word for word.
    fn naive_root(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [one] => leaf_hash(one),
            more => {
                let middle = more.len().next_power_of_two() / 2;
                node_hash(&naive_root(&more[..middle]), &naive_root(&more[middle..]))
            }
        }
    }

    /// `PATH(m, D[n])` word for word.
    fn naive_path(leaf: usize, leaves: &[Vec<u8>]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut path, other) = if leaf < left.len() {
            (naive_path(leaf, left), naive_root(right))
        } else {
            (naive_path(leaf - left.len(), right), naive_root(left))
        };
        path.push(other);
        path
    }

    /// `SUBPROOF(m, D[n], b)` word for word.
    fn naive_subproof(from: usize, leaves: &[Vec<u8>], is_whole: bool) -> Vec<Hash> {
        if from == leaves.len() {
            return if is_whole { Vec::new() } else { vec![naive_root(leaves)] };
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut proof, other) = if from <= left.len() {
            (naive_subproof(from, left, is_whole), naive_root(right))
        } else {
            (naive_subproof(from - left.len(), right, false), naive_root(left))
        };
        proof.push(other);
        proof
    }

    #[test]
    fn the_known_leaves_have_the_known_roots() {
        let leaves: Vec<Vec<u8>> = LEAVES.iter().map(|leaf| hex::decode(leaf).unwrap()).collect();
        assert_eq!(hex::encode(Frontier::default().root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (count, root) in (1..).zip(ROOTS) {
            let (frontier, nodes) = grown(&leaves[..count]);
            assert_eq!(hex::encode(frontier.root()), root, "{count} leaves");
            assert_eq!(root_of(&nodes, frontier.size()).unwrap(), frontier.root());
        }
    }

    proptest! {
        #[test]
        fn roots_and_proofs_are_those_of_the_definition(
            leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 1..80),
            one in any::<prop::sample::Index>(),
            other in any::<prop::sample::Index>(),
        ) {
            let (frontier, nodes) = grown(&leaves);
            prop_assert_eq!(frontier.root(), naive_root(&leaves));
            let (one, other) = (one.index(leaves.len()), other.index(leaves.len()));
            let (leaf, last) = (one.min(other), one.max(other));
            let (from, to) = (u64::try_from(leaf).unwrap(), u64::try_from(last + 1).unwrap());
            prop_assert_eq!(root_of(&nodes, to).unwrap(), naive_root(&leaves[..=last]), "an older root");
            prop_assert_eq!(inclusion(&nodes, from, to).unwrap(), naive_path(leaf, &leaves[..=last]));
            prop_assert_eq!(consistency(&nodes, from + 1, to).unwrap(), naive_subproof(leaf + 1, &leaves[..=last], true));
            prop_assert!(consistency(&nodes, 0, to).unwrap().is_empty());
        }
    }
}
