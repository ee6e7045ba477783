//! Points of P-256 in Jacobian coordinates, by formulas that have exceptions: [`plus`] and [`plus_affine`] take care of them.
//!
//! They are those of the Explicit-Formulas Database (hyperelliptic.org/EFD, short Weierstrass curves, Jacobian coordinates with a = -3), with two changes. The
//! crate squares by multiplying, so where they have squares and additions in a product's place, it is the product again. And y is held doubled, since that
//! is what they need of it.
//!
//! Everything without a decision is `const`: the compiler makes the multiples of G with what a key's are made with.

use p256::U256;

use super::Field;

/// p - 2: a number to its power is the number's inverse.
const P_MINUS_2: U256 = U256::from_be_hex("ffffffff00000001000000000000000000000000fffffffffffffffffffffffd");

/// A point with its own coordinates. It is not infinity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Affine {
    x: Field,
    twice_y: Field,
}

/// The point (x / z², y / z³). It is not infinity, so z is not 0; and since the order is odd, neither is y.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jacobian {
    x: Field,
    twice_y: Field,
    z: Field,
}

/// A point that is added again and again, with what each addition needs of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    point: Jacobian,
    zz: Field,
    zzz: Field,
}

/// The sum of both; `None` is infinity.
pub(super) fn plus(sum: Option<Jacobian>, term: &Term) -> Option<Jacobian> {
    sum.map_or(Some(term.point), |sum| third(&sum, &Line::through(&sum, term)))
}

/// The sum of both; `None` is infinity.
pub(super) fn plus_affine(sum: Option<Jacobian>, term: &Affine) -> Option<Jacobian> {
    sum.map_or(Some(Jacobian::new(*term)), |sum| third(&sum, &Line::through_affine(&sum, term)))
}

/// The sum of a point and another, of which there is the line through both.
fn third(point: &Jacobian, line: &Line) -> Option<Jacobian> {
    if line.run != Field::ZERO {
        return Some(line.sum());
    }
    // The same point, or its opposite.
    (line.twice_rise == Field::ZERO).then(|| point.double())
}

/// P, 3 P, 5 P and so on. No two that are added have the same x, for the order is a prime above all of these numbers.
pub(super) const fn odd_multiples<const COUNT: usize>(point: Affine) -> [Jacobian; COUNT] {
    let point = Jacobian::new(point);
    let twice = Term::new(&point.double());
    let mut multiples = [point; COUNT];
    let mut at = 1;
    while at < COUNT {
        multiples[at] = Line::through(&multiples[at - 1], &twice).sum();
        at += 1;
    }
    multiples
}

/// The points with z = 1, by one inversion for all (Montgomery's trick).
pub(super) const fn affine<const COUNT: usize>(points: [Jacobian; COUNT]) -> [Affine; COUNT] {
    let mut before = [Field::ONE; COUNT];
    let mut product = Field::ONE;
    let mut at = 0;
    while at < COUNT {
        before[at] = product;
        product = product.multiply(&points[at].z);
        at += 1;
    }
    let mut inverse = product.pow_vartime(&P_MINUS_2);
    let mut affine = [Affine { x: Field::ZERO, twice_y: Field::ZERO }; COUNT];
    while at > 0 {
        at -= 1;
        let Jacobian { x, twice_y, z } = points[at];
        let of_z = inverse.multiply(&before[at]);
        inverse = inverse.multiply(&z);
        let square = of_z.square();
        affine[at] = Affine { x: x.multiply(&square), twice_y: twice_y.multiply(&square).multiply(&of_z) };
    }
    affine
}

impl Affine {
    pub(super) const fn new(x: Field, y: &Field) -> Self {
        Self { x, twice_y: y.double() }
    }

    /// The point or, for a negative number, its opposite.
    pub(super) const fn signed(self, sign: i16) -> Self {
        Self { twice_y: signed(self.twice_y, sign), ..self }
    }
}

impl Jacobian {
    const fn new(Affine { x, twice_y }: Affine) -> Self {
        Self { x, twice_y, z: Field::ONE }
    }

    /// EFD's `dbl-2001-b`: 8 multiplications.
    pub(super) const fn double(&self) -> Self {
        let Self { x, twice_y, z } = self;
        let delta = z.square();
        let gamma4 = twice_y.square();
        let beta4 = x.multiply(&gamma4);
        let product = x.sub(&delta).multiply(&x.add(&delta));
        let alpha = product.double().add(&product);
        let x = alpha.square().sub(&beta4.double());
        let twice_y_3 = alpha.multiply(&beta4.sub(&x)).double().sub(&gamma4.square());
        Self { x, twice_y: twice_y_3, z: twice_y.multiply(z) }
    }

    /// Whether this is the point's x, without z.
    pub(super) fn x_is(&self, x: &Field) -> bool {
        x.multiply(&self.z.square()) == self.x
    }
}

impl Term {
    pub(super) const fn new(point: &Jacobian) -> Self {
        let zz = point.z.square();
        Self { point: *point, zz, zzz: zz.multiply(&point.z) }
    }

    /// The point or, for a negative number, its opposite.
    pub(super) const fn signed(self, sign: i16) -> Self {
        Self { point: Jacobian { twice_y: signed(self.point.twice_y, sign), ..self.point }, ..self }
    }
}

/// The line through two points, whose coordinates are brought to the same z.
struct Line {
    /// The first point's.
    x: Field,
    /// The first point's.
    twice_y: Field,
    /// Both points'.
    z: Field,
    /// From x to x: 0 where the points are the same or opposite, which have no sum by [`Line::sum`].
    run: Field,
    /// From y to y.
    twice_rise: Field,
}

impl Line {
    /// With [`Line::sum`], EFD's `add-2007-bl`: 14 multiplications, for two are in the term.
    const fn through(first: &Jacobian, second: &Term) -> Self {
        let zz = first.z.square();
        let x = first.x.multiply(&second.zz);
        let twice_y = first.twice_y.multiply(&second.zzz);
        let run = second.point.x.multiply(&zz).sub(&x);
        let twice_rise = second.point.twice_y.multiply(&zz.multiply(&first.z)).sub(&twice_y);
        Self { x, twice_y, z: first.z.multiply(&second.point.z), run, twice_rise }
    }

    /// With [`Line::sum`], EFD's `madd-2007-bl`: 11 multiplications.
    const fn through_affine(first: &Jacobian, second: &Affine) -> Self {
        let Jacobian { x, twice_y, z } = *first;
        let zz = z.square();
        let run = second.x.multiply(&zz).sub(&x);
        let twice_rise = second.twice_y.multiply(&zz.multiply(&z)).sub(&twice_y);
        Self { x, twice_y, z, run, twice_rise }
    }

    const fn sum(&self) -> Jacobian {
        let Self { x, twice_y, z, run, twice_rise } = self;
        let twice_run = run.double();
        let square4 = twice_run.square();
        let cube4 = square4.multiply(run);
        let middle = x.multiply(&square4);
        let x = twice_rise.square().sub(&cube4).sub(&middle.double());
        let y = twice_rise.multiply(&middle.sub(&x)).sub(&twice_y.multiply(&cube4));
        Jacobian { x, twice_y: y.double(), z: z.multiply(&twice_run) }
    }
}

const fn signed(number: Field, sign: i16) -> Field {
    if sign < 0 { number.neg() } else { number }
}

#[cfg(test)]
mod tests {
    use p256::{FieldBytes, ProjectivePoint, elliptic_curve::point::AffineCoordinates};

    use super::*;

    impl Affine {
        pub(in super::super) fn coordinates(&self) -> (FieldBytes, FieldBytes) {
            (self.x.to_bytes(), (self.twice_y * Field::from_u64(2).invert_vartime().unwrap()).to_bytes())
        }
    }

    /// k G with a z of its own.
    fn point(k: u64, z: u64) -> Jacobian {
        let (x, y) = coordinates(k);
        let z = Field::from_u64(z);
        Jacobian { x: x * z.square(), twice_y: (y * z.square() * z).double(), z }
    }

    fn coordinates(k: u64) -> (Field, Field) {
        let point = (ProjectivePoint::GENERATOR * p256::Scalar::from(k)).to_affine();
        (Field::from_bytes(&point.x()).unwrap(), Field::from_bytes(&point.y()).unwrap())
    }

    /// The multiple of G that this is.
    fn which(sum: Option<Jacobian>) -> u64 {
        let Some(sum) = sum else { return 0 };
        assert_ne!(sum.z, Field::ZERO);
        let [sum] = affine([sum]).map(|point| point.coordinates());
        (1..20)
            .find(|k| {
                sum == {
                    let (x, y) = coordinates(*k);
                    (x.to_bytes(), y.to_bytes())
                }
            })
            .unwrap()
    }

    #[test]
    fn a_sum_is_right_for_all_that_it_may_be_of() {
        for first in 1..6 {
            for second in 1..6 {
                let (x, y) = coordinates(second);
                let (flat, term) = (Affine::new(x, &y), Term::new(&point(second, 5)));
                let sum = Some(point(first, 3));
                assert_eq!(which(plus(sum, &term)), first + second);
                assert_eq!(which(plus_affine(sum, &flat)), first + second);
                if first >= second {
                    assert_eq!(which(plus(sum, &term.signed(-1))), first - second);
                    assert_eq!(which(plus_affine(sum, &flat.signed(-1))), first - second);
                }
            }
            let (x, y) = coordinates(first);
            assert_eq!(which(plus(None, &Term::new(&point(first, 5)))), first);
            assert_eq!(which(plus_affine(None, &Affine::new(x, &y))), first);
            assert_eq!(which(Some(point(first, 7).double())), 2 * first);
        }
    }

    #[test]
    fn the_x_is_compared_whatever_z_is() {
        let (x, other) = (coordinates(3).0, coordinates(4).0);
        assert!(point(3, 7).x_is(&x));
        assert!(!point(3, 7).x_is(&other));
    }
}
