"""The original's computation in TensorFlow 1 style, with the original's variable names.

Written from the description of openai/glow, so that its checkpoints and frozen graphs can be made
here in every variant and at any size. Channels last, float32, everything an operation of its own.
It shares nothing with the package but the hyperparameters.
"""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
v1.disable_eager_execution()


class TensorFlowGlow:
    """A Glow with random parameters in a session of its own.

    Args:
        config: hyperparameters, a GlowConfig.
        factored: whether the 1x1 convolutions are stored as their LU factors.
        offset: what is added to the pixels inside their bin; the original draws it at random.
    """

    def __init__(self, config, *, factored=False, offset=0.5, seed=0):
        self.config, self.factored, self.offset = config, factored, offset
        self.random = np.random.default_rng(seed)
        self.graph = tf.Graph()
        size, channels = config.image_size, config.channels
        with self.graph.as_default():
            with v1.name_scope("input"):
                self.image = v1.placeholder(tf.uint8, [None, size, size, channels], name="image")
                self.label = v1.placeholder(tf.int32, [None], name="label")
            with v1.variable_scope("model"):
                self.encoded, self.log_prob = self._encode()
            shapes = [e.shape.as_list() for e in self.encoded]
            self.eps = [
                v1.placeholder(tf.float32, shape, name=f"dec_eps_{i}")
                for i, shape in enumerate(shapes)
            ]
            with v1.variable_scope("model", reuse=True):
                self.state = self._decode()
                self.decoded = self._to_pixels(self.state)
            self.variables = v1.global_variables()
            self.session = v1.Session(graph=self.graph)
            self.session.run(v1.global_variables_initializer())

    def encode(self, images, labels):
        """Eps of all levels, flat, and the log-density of uint8 images (N, H, W, C)."""
        feed = {self.image: images, self.label: labels}
        eps, log_prob = self.session.run([self.encoded, self.log_prob], feed)
        return np.concatenate([e.reshape(len(images), -1) for e in eps], axis=1), log_prob

    def decode(self, eps, labels):
        """The state in about [-0.5, 0.5], (N, H, W, C), of flat eps."""
        feed, start = {self.label: labels}, 0
        for placeholder in self.eps:
            shape = placeholder.shape.as_list()[1:]
            size = math.prod(shape)
            feed[placeholder] = eps[:, start : start + size].reshape(-1, *shape)
            start += size
        return self.session.run(self.state, feed)

    def save_checkpoint(self, prefix, *, training=False):
        """Writes PREFIX.index and PREFIX.data-*; with an optimiser's variables on request."""
        with self.graph.as_default():
            if training:
                self._add_training_state()
            return v1.train.Saver().save(self.session, str(prefix), write_meta_graph=False)

    def frozen(self):
        """The graph with its variables as constants."""
        return v1.graph_util.convert_variables_to_constants(
            self.session, self.graph.as_graph_def(), self._outputs()
        )

    def optimized(self):
        """The frozen graph after TensorFlow's own optimiser, which folds constants."""
        from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2
        from tensorflow.python.grappler import tf_optimizer

        frozen, session = self.frozen(), config_pb2.ConfigProto()
        options = session.graph_options.rewrite_options
        options.min_graph_nodes = -1  # else small graphs are left alone
        options.meta_optimizer_iterations = rewriter_config_pb2.RewriterConfig.TWO
        with tf.Graph().as_default() as graph:
            tf.import_graph_def(frozen, name="")
            meta = v1.train.export_meta_graph(graph_def=frozen, graph=graph)
        meta.collection_def["train_op"].node_list.value.extend(self._outputs())
        return tf_optimizer.OptimizeGraph(session, meta)

    def _outputs(self):
        return [t.op.name for t in [*self.encoded, self.log_prob, self.decoded]]

    def _add_training_state(self):
        # The original passes the slots' names in the place of another argument, so that they
        # are called Variable, Variable_1 and so on.
        parameters = v1.trainable_variables()
        slots = [v1.Variable(1.0, use_resource=False)]
        slots += [v1.Variable(tf.zeros(p.shape), use_resource=False) for p in parameters]
        average = v1.train.ExponentialMovingAverage(0.99, zero_debias=True)
        with v1.variable_scope(v1.get_variable_scope(), use_resource=False):
            average.apply(parameters)
        known = {id(v) for v in self.variables}
        new = [v for v in v1.global_variables() if id(v) not in known]
        self.session.run(v1.variables_initializer(new))

    def _variable(self, name, value, *, trainable=True):
        return v1.get_variable(
            name, dtype=value.dtype, initializer=value, trainable=trainable, use_resource=False
        )

    def _normal(self, name, shape, spread):
        value = spread * self.random.standard_normal(shape)
        return self._variable(name, value.astype(np.float32))

    def _encode(self):
        config = self.config
        x = tf.cast(self.image, tf.float32)
        if config.bits < 8:
            x = tf.floor(x / 2 ** (8 - config.bits))
        bins = 2.0**config.bits
        z = x / bins - 0.5 + self.offset / bins
        z = squeeze(z)
        log_prob, all_eps = 0.0, []
        for level in range(config.levels):
            with v1.variable_scope(str(level)):
                for step in range(config.steps):
                    with v1.variable_scope(str(step)):
                        z, change = self._step(z)
                    log_prob += change
            if level < config.levels - 1:
                with v1.variable_scope(f"pool{level}"):
                    kept, factored = tf.split(z, 2, axis=3)
                    mean, logs = self._split_prior(kept)
                    eps = (factored - mean) / tf.exp(logs)
                    log_prob += normal_log_prob(eps, logs)
                    z = squeeze(kept)
            else:
                mean, logs = self._top_prior(z)
                eps = (z - mean) / tf.exp(logs)
                log_prob += normal_log_prob(eps, logs)
            all_eps.append(eps)
        return all_eps, log_prob

    def _decode(self):
        config = self.config
        mean, logs = self._top_prior(self.eps[-1])
        z = mean + tf.exp(logs) * self.eps[-1]
        for level in reversed(range(config.levels)):
            if level < config.levels - 1:
                with v1.variable_scope(f"pool{level}"):
                    kept = unsqueeze(z)
                    mean, logs = self._split_prior(kept)
                    z = tf.concat([kept, mean + tf.exp(logs) * self.eps[level]], axis=3)
            with v1.variable_scope(str(level)):
                for step in reversed(range(config.steps)):
                    with v1.variable_scope(str(step)):
                        z = self._step_inverse(z)
        return unsqueeze(z)

    def _to_pixels(self, state):
        bins = 2.0**self.config.bits
        levels = tf.floor((state + 0.5) * bins)
        return tf.cast(tf.clip_by_value(levels * (256.0 / bins), 0, 255), tf.uint8)

    def _step(self, z):
        pixels = z.shape[1] * z.shape[2]
        with v1.variable_scope("actnorm_center"):
            z += self._bias(z.shape[3])
        with v1.variable_scope("actnorm_scale"):
            logs = self._logs([1, 1, 1, z.shape[3]])
            z *= tf.exp(logs)
        log_det = tf.reduce_sum(logs) * pixels
        if self.config.permutation == "reverse":
            z = z[:, :, :, ::-1]
        elif self.config.permutation == "shuffle":
            z = tf.gather(z, self._indices(z.shape[3])[0], axis=3)
        else:
            with v1.variable_scope("invconv"):
                matrix = self._matrix(z.shape[3])
                z = pointwise(z, matrix)
                log_det += log_abs_det(matrix) * pixels
        conditioner, changed = tf.split(z, 2, axis=3)
        if self.config.coupling == "additive":
            changed += self._network(conditioner, conditioner.shape[3])
        else:
            output = self._network(conditioner, z.shape[3])
            scale = tf.nn.sigmoid(output[..., 1::2] + 2.0)
            changed = (changed + output[..., 0::2]) * scale
            log_det += tf.reduce_sum(tf.math.log(scale), axis=[1, 2, 3])
        return tf.concat([conditioner, changed], axis=3), log_det

    def _step_inverse(self, z):
        conditioner, changed = tf.split(z, 2, axis=3)
        if self.config.coupling == "additive":
            changed -= self._network(conditioner, conditioner.shape[3])
        else:
            output = self._network(conditioner, z.shape[3])
            scale = tf.nn.sigmoid(output[..., 1::2] + 2.0)
            changed = changed / scale - output[..., 0::2]
        z = tf.concat([conditioner, changed], axis=3)
        if self.config.permutation == "reverse":
            z = z[:, :, :, ::-1]
        elif self.config.permutation == "shuffle":
            z = tf.gather(z, self._indices(z.shape[3])[1], axis=3)
        else:
            with v1.variable_scope("invconv"):
                z = pointwise(z, tf.linalg.inv(self._matrix(z.shape[3])))
        with v1.variable_scope("actnorm_scale"):
            z *= tf.exp(-self._logs([1, 1, 1, z.shape[3]]))
        with v1.variable_scope("actnorm_center"):
            z -= self._bias(z.shape[3])
        return z

    def _network(self, x, outputs):
        width = self.config.width
        with v1.variable_scope("f1"):
            with v1.variable_scope("l_1"):
                x = tf.nn.relu(self._actnorm(self._conv(x, 3, width)))
            with v1.variable_scope("l_2"):
                x = tf.nn.relu(self._actnorm(self._conv(x, 1, width)))
            with v1.variable_scope("l_last"):
                return self._zero_conv(x, outputs)

    def _split_prior(self, kept):
        with v1.variable_scope("conv"):
            output = self._zero_conv(kept, 2 * kept.shape[3])
        return output[..., 0::2], output[..., 1::2]

    def _top_prior(self, like):
        channels, classes = 2 * like.shape[3], self.config.classes
        with v1.variable_scope("prior"):
            shape = [tf.shape(like)[0], like.shape[1], like.shape[2], channels]
            output = tf.zeros(shape)
            output.set_shape([None, like.shape[1], like.shape[2], channels])
            if self.config.learn_top:
                with v1.variable_scope("p"):
                    output = self._zero_conv(output, channels)
            if classes:
                with v1.variable_scope("y_emb"):
                    one_hot = tf.one_hot(self.label, classes)
                    embedded = one_hot @ self._normal("W", [classes, channels], 0.3)
                    embedded += self._normal("b", [1, channels], 0.2)
                    embedded *= tf.exp(3.0 * self._normal("logs", [1, channels], 0.05))
                output += embedded[:, None, None, :]
        return tf.split(output, 2, axis=3)

    def _conv(self, x, size, outputs, spread=0.1):
        if size > 1:
            x = pad_with_edge_channel(x)
        kernel = self._normal("W", [size, size, x.shape[3], outputs], spread)
        return tf.nn.conv2d(x, kernel, strides=1, padding="VALID")

    def _zero_conv(self, x, outputs):
        # Small, or the inverse of an affine coupling would blow up: these start at zero.
        x = self._conv(x, 3, outputs, spread=0.03) + self._bias(outputs)
        return x * tf.exp(self._logs([1, outputs]))

    def _actnorm(self, x):
        with v1.variable_scope("actnorm_center"):
            x += self._bias(x.shape[3])
        with v1.variable_scope("actnorm_scale"):
            return x * tf.exp(self._logs([1, 1, 1, x.shape[3]]))

    def _bias(self, channels):
        return self._normal("b", [1, 1, 1, channels], 0.2)

    def _logs(self, shape):
        """The effective log-scale: three times what is stored."""
        return self._normal("logs", shape, 0.05) * 3.0

    def _indices(self, channels):
        order = self.random.permutation(channels).astype(np.int32)
        with v1.variable_scope("shuffle"):
            return (
                self._variable("indices", order, trainable=False),
                self._variable(
                    "indices_inverse", np.argsort(order).astype(np.int32), trainable=False
                ),
            )

    def _matrix(self, channels):
        channels = int(channels)
        rotation, _ = np.linalg.qr(self.random.standard_normal((channels, channels)))
        matrix = rotation + 0.1 * self.random.standard_normal((channels, channels))
        if not self.factored:
            return self._variable("W", matrix.astype(np.float32))
        from scipy.linalg import lu

        p, lower, upper = (factor.astype(np.float32) for factor in lu(matrix))
        diagonal = np.diag(upper).copy()
        p = self._variable("P", p, trainable=False)
        # What lies outside of the triangles is stored too, and must be masked away.
        lower = self._variable("L", lower + np.triu(np.ones_like(lower)))
        sign = self._variable("sign_S", np.sign(diagonal), trainable=False)
        log_s = self._variable("log_S", np.log(np.abs(diagonal)))
        upper = self._variable("U", upper + np.tril(np.ones_like(upper)))
        below = np.tril(np.ones((channels, channels), dtype=np.float32), -1)
        lower = lower * below + tf.eye(channels)
        upper = upper * below.T + tf.linalg.diag(sign * tf.exp(log_s))
        return p @ (lower @ upper)


def squeeze(x):
    _, height, width, channels = x.shape
    x = tf.reshape(x, [-1, height // 2, 2, width // 2, 2, channels])
    x = tf.transpose(x, [0, 1, 3, 5, 2, 4])
    return tf.reshape(x, [-1, height // 2, width // 2, channels * 4])


def unsqueeze(x):
    _, height, width, channels = x.shape
    x = tf.reshape(x, [-1, height, width, channels // 4, 2, 2])
    x = tf.transpose(x, [0, 1, 4, 2, 5, 3])
    return tf.reshape(x, [-1, height * 2, width * 2, channels // 4])


def pointwise(x, matrix):
    return tf.nn.conv2d(x, tf.reshape(matrix, [1, 1, *matrix.shape]), strides=1, padding="SAME")


def pad_with_edge_channel(x):
    """Zeros around the image, and one more channel that is one there and zero inside."""
    ring = np.pad(np.zeros((x.shape[1], x.shape[2])), 1, constant_values=1.0).astype(np.float32)
    ring = tf.tile(tf.constant(ring[None, :, :, None]), [tf.shape(x)[0], 1, 1, 1])
    return tf.concat([tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), ring], axis=3)


def log_abs_det(matrix):
    determinant = tf.linalg.det(tf.cast(matrix, tf.float64))
    return tf.cast(tf.math.log(tf.abs(determinant)), tf.float32)


def normal_log_prob(eps, logs):
    return tf.reduce_sum(-0.5 * (math.log(2.0 * math.pi) + eps**2) - logs, axis=[1, 2, 3])
